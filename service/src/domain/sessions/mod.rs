//! Who is signed in: proofs of it, and what they are made from.

/// Begins a session.
pub mod log_in;

/// Proofs that somebody is signed in.
pub mod caller;

/// What a valid token says.
pub mod claims;

/// One's own sessions, seen and ended.
pub mod ending;

/// Codes beside the password.
mod factor;

/// Checks that somebody is an account's owner.
pub mod proof;

/// The next pair of tokens.
pub mod refresh;

/// One's own second factor.
pub mod second_factor;

/// What is of no use any more.
mod sweeping;

/// Access and refresh tokens.
pub mod tokens;

use super::StorageError;
use crate::crypto::claims::Claims;
use crate::crypto::data_key::DataKey;
use crate::crypto::hashing::Hashing;
use crate::crypto::jwt::Jwt;
use crate::crypto::tokens::PlainToken;
use crate::db::Db;
use crate::db::sessions::{self, ActiveGather, ActiveRow, Span, Wanted};
use crate::domain::throttles::Throttles;
use crate::types::account::AccountId;
use crate::types::clock;
use crate::types::role::Role;
use caller::SignedIn;
use std::sync::Arc;
use std::time::Duration;

/// How much may pass before the use of a session is written down again.
const LONGEST_STEP: Duration = Duration::from_secs(60);

/// Why nobody is signed in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The token is not valid, or its session has ended.
    #[error("the token is not valid")]
    BadToken,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// An access token.
    pub access: Duration,
    /// A session, at the most.
    pub session: Duration,
    /// A session that is not used.
    pub idle: Duration,
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
    pub lives: Lives,
    /// Look-ups that wait.
    pub waiting: ActiveGather,
}

impl Sessions {
    /// Over these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Who sent this access token. The session and the account are looked up each time: what was ended a moment ago on
    /// another replica is ended here.
    pub async fn authenticate(&self, token: &str) -> Result<SignedIn, Unauthenticated> {
        let claims = self.0.jwt.verify(token).map_err(|_| Unauthenticated::BadToken)?;
        self.signed_in(&claims).await
    }

    /// Whose browser sent this cookie.
    pub async fn authenticate_cookie(&self, cookie: &PlainToken) -> Result<SignedIn, Unauthenticated> {
        self.find(Wanted::Cookie(cookie.hash().bytes().to_vec())).await
    }

    async fn signed_in(&self, claims: &Claims) -> Result<SignedIn, Unauthenticated> {
        let signed_in = self.find(Wanted::Id(claims.sid)).await?;
        match signed_in.account().to_string() == claims.sub {
            true => Ok(signed_in),
            false => Err(Unauthenticated::BadToken),
        }
    }

    async fn find(&self, wanted: Wanted) -> Result<SignedIn, Unauthenticated> {
        let parts = &self.0;
        let row = sessions::find_active(&parts.db, &parts.waiting, wanted)
            .await?
            .ok_or(Unauthenticated::BadToken)?;
        let role = Role::parse(&row.role).ok_or(Unauthenticated::BadToken)?;
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
        let Lives { session, idle, .. } = self.0.lives;
        let (id, step) = (row.session_id, (idle / 10).min(LONGEST_STEP));
        let unused = (clock::now() - row.last_used_at).to_std().unwrap_or_default();
        if row.kind == "token" || unused < step {
            return;
        }
        let span = Span { life: session, idle };
        let touch = move |conn: &mut _| sessions::touch(conn, id, span);
        let _ = self.0.db.tx("touch_session", touch).await;
    }
}
