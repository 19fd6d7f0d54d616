//! Access and refresh tokens of a session, as its owner gets them.
use crate::crypto::jwt::{Claims, Jwt};
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
    /// Signs a token that is valid from now on; `None`: no key's turn it is.
    pub(super) fn issue(jwt: &Jwt, about: &Subject<'_>, life: Duration) -> Option<Self> {
        let now = clock::now().timestamp();
        let longest = about.session_ends.timestamp().saturating_sub(now).max(1);
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX).min(longest);
        let claims = Claims {
            iss: jwt.issuer().to_owned(),
            aud: jwt.audience().to_owned(),
            sub: about.account.to_string(),
            jti: Uuid::new_v4().to_string(),
            sid: about.session,
            iat: now,
            nbf: now,
            exp: now.saturating_add(seconds),
            scope: about.role.scope_text(),
            username: about.email.to_owned(),
            admin: about.role == Role::Admin,
        };
        Some(Self {
            text: jwt.sign(&claims)?,
            life: Duration::from_secs(seconds.unsigned_abs()),
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
