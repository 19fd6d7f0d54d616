//! Who is signed in: proofs of it, and what they are made from.

/// Begins a session.
pub mod log_in;

/// Proofs that somebody is signed in.
pub mod caller;

/// What a valid token says.
pub mod claims;

/// One's own sessions, seen and ended.
pub mod revocation;

/// Why a login or a request is not authenticated.
pub mod error;

/// Codes of the second factor.
mod factor;

/// Checks that somebody is an account's owner.
pub mod verification;

/// The next pair of tokens.
pub mod refresh;

/// One's own second factor.
pub mod second_factor;

/// What is of no use any more.
mod cleanup;

/// Access and refresh tokens.
pub mod tokens;

use super::StorageError;
use crate::crypto::claims::Claims;
use crate::crypto::data_key::DataKey;
use crate::crypto::hashing::Hashing;
use crate::crypto::jwt::Jwt;
use crate::crypto::tokens::PlainToken;
use crate::db::Db;
use crate::db::sessions::{self, ActiveRow, SessionBatcher, Span, Wanted};
use crate::domain::throttles::Throttles;
use crate::types::account::AccountId;
use crate::types::clock;
use crate::types::role::Role;
use caller::SignedIn;
use error::AuthenticationError;
use std::sync::Arc;
use std::time::Duration;

/// How much may pass before the use of a session is written down again.
const MAX_TOUCH_INTERVAL: Duration = Duration::from_secs(60);

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct SessionLifetimes {
    /// Of an access token.
    pub access_token_ttl: Duration,
    /// From log-in to the end of a session, however much it is used.
    pub absolute_timeout: Duration,
    /// From the last use to the end of a session.
    pub idle_timeout: Duration,
}

/// Sessions and their tokens. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Parts>);

/// What sessions are made with.
pub struct Parts {
    /// The login for accounts.
    pub db: Db,
    /// Signs access tokens.
    pub jwt: Jwt,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Seals second factors.
    pub data_key: DataKey,
    /// Counts tries.
    pub throttles: Throttles,
    /// How long things last.
    pub lifetimes: SessionLifetimes,
    /// Look-ups that wait.
    pub waiting: SessionBatcher,
}

impl Sessions {
    /// Over these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Who sent this access token. The session and the account are looked up each time: what was ended a moment ago on
    /// another replica is ended here.
    pub async fn authenticate(&self, token: &str) -> Result<SignedIn, AuthenticationError> {
        let claims = self
            .0
            .jwt
            .verify(token)
            .map_err(|_| AuthenticationError::InvalidToken)?;
        self.signed_in(&claims).await
    }

    /// Whose browser sent this cookie.
    pub async fn authenticate_cookie(&self, cookie: &PlainToken) -> Result<SignedIn, AuthenticationError> {
        self.find(Wanted::Cookie(cookie.hash().bytes().to_vec())).await
    }

    async fn signed_in(&self, claims: &Claims) -> Result<SignedIn, AuthenticationError> {
        let signed_in = self.find(Wanted::Id(claims.sid)).await?;
        match signed_in.account().to_string() == claims.sub {
            true => Ok(signed_in),
            false => Err(AuthenticationError::InvalidToken),
        }
    }

    async fn find(&self, wanted: Wanted) -> Result<SignedIn, AuthenticationError> {
        let parts = &self.0;
        let row = sessions::find_active(&parts.db, &parts.waiting, wanted)
            .await?
            .ok_or(AuthenticationError::InvalidToken)?;
        let role = Role::parse(&row.role).ok_or(AuthenticationError::InvalidToken)?;
        self.touch(&row).await;
        Ok(SignedIn::new(
            AccountId::of(row.account_id),
            row.session_id,
            role,
            row.email,
            row.name,
        ))
    }

    /// Writes down now and then that a session is used; whether that works is nothing to its owner. A `token` session
    /// ends with its one token, used or not.
    async fn touch(&self, row: &ActiveRow) {
        let SessionLifetimes {
            absolute_timeout,
            idle_timeout,
            ..
        } = self.0.lifetimes;
        let (id, step) = (row.session_id, (idle_timeout / 10).min(MAX_TOUCH_INTERVAL));
        let unused = (clock::now() - row.last_used_at).to_std().unwrap_or_default();
        if row.kind == "token" || unused < step {
            return;
        }
        let span = Span {
            life: absolute_timeout,
            idle: idle_timeout,
        };
        let touch = move |conn: &mut _| sessions::touch(conn, id, span);
        let _ = self.0.db.tx("touch_session", touch).await;
    }
}
