//! Claims of access tokens (RFC 9068 §2.2).

use crate::types::account::AccountId;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `client_id` of every token: RFC 9068 requires the claim, and the service is its own only client.
const CLIENT: &str = "portcullis";

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Account id.
    pub sub: String,
    /// OAuth client.
    pub client_id: String,
    /// Id of the token.
    pub jti: String,
    /// Session id.
    pub sid: Uuid,
    /// Time of issue, in seconds since 1970.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Expiry.
    pub exp: i64,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// Address of the account.
    pub username: String,
    /// Whether the account is an administrator.
    pub admin: bool,
}

/// What a new token is issued for.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: Uuid,
    /// Role of the account. `None`: the token grants nothing.
    pub role: Option<Role>,
    /// Address of the account.
    pub email: &'a str,
    /// Expiry.
    pub expires_at: DateTime<Utc>,
}

impl Claims {
    /// The claims of a new token.
    pub(super) fn new(grant: &Grant<'_>, issuer: &str, audience: &str, now: DateTime<Utc>) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            sub: grant.account.to_string(),
            client_id: CLIENT.to_owned(),
            jti: Uuid::new_v4().to_string(),
            sid: grant.session,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: grant.expires_at.timestamp(),
            scope: grant.role.map(Role::scope_text).unwrap_or_default(),
            username: grant.email.to_owned(),
            admin: grant.role == Some(Role::Admin),
        }
    }
}
