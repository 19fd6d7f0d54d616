//! What an access token says (RFC 9068 §2.2), and what it is made from.
use crate::types::account::AccountId;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The one client there is: signing in to the service itself. RFC 9068 demands the claim.
const CLIENT: &str = "portcullis";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// The account's number.
    pub sub: String,
    /// Through what it was asked for.
    pub client_id: String,
    /// Its own id.
    pub jti: String,
    /// The session that it belongs to.
    pub sid: Uuid,
    /// Seconds since 1970: when it was issued.
    pub iat: i64,
    /// Not before.
    pub nbf: i64,
    /// When it ends.
    pub exp: i64,
    /// Rights, separated by spaces.
    pub scope: String,
    /// The account's address.
    pub username: String,
    /// Whether the account is an administrator's.
    pub admin: bool,
}

/// For whom a token is to be issued.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: Uuid,
    /// The account's role.
    pub role: Role,
    /// The account's address.
    pub email: &'a str,
    /// When it ends.
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
            scope: grant.role.scope_text(),
            username: grant.email.to_owned(),
            admin: grant.role == Role::Admin,
        }
    }
}
