//! Access and refresh tokens of a session, as its owner gets them.
use crate::crypto::claims::Grant;
use crate::crypto::jwt::Jwt;
use crate::crypto::tokens::PlainToken;
use crate::types::account::AccountId;
use crate::types::clock;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// A signed access token. `Debug` does not tell it.
pub struct AccessToken {
    text: String,
    life: Duration,
}

/// What an `api` session is used with.
#[derive(Debug)]
pub struct Tokens {
    /// For requests.
    pub access: AccessToken,
    /// For the next pair.
    pub refresh: PlainToken,
}

/// Whom a token is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) account: AccountId,
    pub(super) session: Uuid,
    pub(super) role: Role,
    pub(super) email: &'a str,
    /// No token of the session outlives it.
    pub(super) session_ends: DateTime<Utc>,
}

impl AccessToken {
    /// Signs a token that is valid from now on; `None`: there is no key to sign it with.
    pub(super) fn issue(jwt: &Jwt, about: &Subject<'_>, life: Duration) -> Option<Self> {
        let now = clock::now();
        let expires_at = about.session_ends.min(now + life);
        let grant = Grant {
            account: about.account,
            session: about.session,
            role: about.role,
            email: about.email,
            expires_at,
        };
        let seconds = expires_at.timestamp() - now.timestamp();
        Some(Self {
            text: jwt.issue(&grant)?,
            life: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        })
    }

    /// The token itself, on its way to its owner.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// How long it is valid.
    pub fn life(&self) -> Duration {
        self.life
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}
