//! Access and refresh tokens of a session, as they are issued to the client.

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

/// A signed access token. `Debug` redacts it.
pub struct AccessToken {
    text: String,
    ttl: Duration,
}

/// The tokens of an `api` session.
#[derive(Debug)]
pub struct Tokens {
    /// Authenticates requests.
    pub access: AccessToken,
    /// Gets the next pair.
    pub refresh: PlainToken,
    /// Whether the session may do nothing but set up a second factor.
    pub must_set_up_second_factor: bool,
}

/// The account and session that a token is issued for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) account: AccountId,
    pub(super) session: Uuid,
    pub(super) role: Role,
    /// Whether the token grants nothing, because a second factor must be set up first.
    pub(super) must_set_up_second_factor: bool,
    pub(super) email: &'a str,
    /// When the session ends; its tokens expire no later.
    pub(super) session_ends: DateTime<Utc>,
}

impl AccessToken {
    /// Issues a token that is valid from now on; `None`: no signing key is active.
    pub(super) fn issue(jwt: &Jwt, subject: &Subject<'_>, ttl: Duration) -> Option<Self> {
        let now = clock::now();
        let expires_at = subject.session_ends.min(now + ttl);
        let grant = Grant {
            account: subject.account,
            session: subject.session,
            role: (!subject.must_set_up_second_factor).then_some(subject.role),
            email: subject.email,
            expires_at,
        };
        let seconds = expires_at.timestamp() - now.timestamp();
        Some(Self {
            text: jwt.issue(&grant)?,
            ttl: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        })
    }

    /// The token itself, to be sent to the client.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// How long it is valid.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}
