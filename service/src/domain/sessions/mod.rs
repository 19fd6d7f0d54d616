//! Sessions and their tokens: logging in, authenticating requests, refreshing, revoking; second factors.

/// Logging in.
pub mod log_in;

/// Evidence of authentication.
pub mod caller;

/// Token introspection.
pub mod claims;

/// Limits on guesses at codes.
pub mod code_guesses;

/// Listing and revoking an account's sessions.
pub mod revocation;

/// Why a login or a request is not authenticated.
pub mod error;

/// Codes of the second factor.
mod factor;

/// Verification of credentials.
pub mod verification;

/// Verifying the credentials of a session again.
pub mod reauthentication;

/// Rejected attempts.
mod rejection;

/// Refresh token rotation.
pub mod refresh;

/// Managing an account's second factor.
pub mod second_factor;

/// Deletion of expired rows.
mod cleanup;

/// Access and refresh tokens.
pub mod tokens;

use super::StorageError;
use crate::config::auth::SecondFactorPolicy;
use crate::crypto::claims::Claims;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::hashing::Hashing;
use crate::crypto::jwt::Jwt;
use crate::crypto::tokens::PlainToken;
use crate::db::Db;
use crate::db::sessions::{self, ActiveSessionRow, SessionBatcher, SessionKey, SessionTimeouts};
use crate::domain::throttles::Throttles;
use crate::types::account::AccountId;
use crate::types::clock;
use crate::types::role::Role;
use caller::SignedIn;
use error::AuthenticationError;
use std::sync::Arc;
use std::time::Duration;

/// How long the recorded time of last use may lag behind: not every request writes to the database.
const MAX_TOUCH_INTERVAL: Duration = Duration::from_secs(60);

/// How long sessions and tokens live.
#[derive(Clone, Copy, Debug)]
pub struct SessionLifetimes {
    /// Of an access token.
    pub access_token_ttl: Duration,
    /// From login to the end of a session, however much it is used.
    pub absolute_timeout: Duration,
    /// From the last use to the end of a session.
    pub idle_timeout: Duration,
    /// How long verified credentials permit sensitive operations.
    pub proof_max_age: Duration,
}

/// Sessions and their tokens. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Parts>);

/// The dependencies of [`Sessions`].
pub struct Parts {
    /// The accounts login's connections.
    pub db: Db,
    /// Signs access tokens.
    pub jwt: Jwt,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Encrypts second factors.
    pub data_keys: DataKeys,
    /// Counts login attempts.
    pub throttles: Throttles,
    /// How long sessions and tokens live.
    pub lifetimes: SessionLifetimes,
    /// Who must have a second factor.
    pub second_factor: SecondFactorPolicy,
    /// Batches the look-ups of active sessions.
    pub waiting: SessionBatcher,
}

impl Sessions {
    /// Wires the domain to its dependencies.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Authenticates a session cookie.
    pub async fn authenticate_cookie(&self, cookie: &PlainToken) -> Result<SignedIn, AuthenticationError> {
        self.find(SessionKey::Cookie(cookie.hash().bytes().to_vec()))
            .await
    }

    /// Authenticates an account by the claims of its token. Session and account are looked up for each request, so that a revocation
    /// takes effect at once on every replica.
    pub async fn authenticate(&self, claims: &Claims) -> Result<SignedIn, AuthenticationError> {
        let signed_in = self.find(SessionKey::Id(claims.sid)).await?;
        if signed_in.account().to_string() == claims.sub {
            Ok(signed_in)
        } else {
            Err(AuthenticationError::InvalidToken)
        }
    }

    async fn find(&self, wanted: SessionKey) -> Result<SignedIn, AuthenticationError> {
        let parts = &self.0;
        let row = sessions::find_active(&parts.db, &parts.waiting, wanted)
            .await?
            .ok_or(AuthenticationError::InvalidToken)?;
        let role = Role::parse(&row.role).ok_or(AuthenticationError::InvalidToken)?;
        self.touch(&row).await;
        let proof_age = (clock::now() - row.proven_at).to_std().unwrap_or_default();
        Ok(SignedIn {
            account: AccountId::of(row.account_id),
            session: row.session_id,
            role,
            email: row.email,
            name: row.name,
            must_set_up_second_factor: self.must_set_up_second_factor(role, row.has_second_factor),
            is_recently_proven: proof_age < parts.lifetimes.proof_max_age,
        })
    }

    /// Whether an account may do nothing before it has set up a second factor.
    fn must_set_up_second_factor(&self, role: Role, has_second_factor: bool) -> bool {
        !has_second_factor && self.0.second_factor.requires(role)
    }

    /// Extends a session's idle timeout, at most once per step. Failures are ignored: the request itself is valid. A
    /// `token` session has a fixed end.
    async fn touch(&self, row: &ActiveSessionRow) {
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
        let timeouts = SessionTimeouts {
            absolute_timeout,
            idle_timeout,
        };
        let touch = move |conn: &mut _| sessions::touch(conn, id, timeouts);
        let _ = self.0.db.tx("touch_session", touch).await;
    }
}
