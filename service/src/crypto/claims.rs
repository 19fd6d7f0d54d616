//! Claims of access tokens (RFC 9068 §2.2): those of an account, and those of a machine client.

use crate::types::account::AccountId;
use crate::types::client::{ClientId, ClientScopes};
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `client_id` of the token of an account: RFC 9068 requires the claim, and accounts sign in with no other client than the
/// service.
const CLIENT: &str = "portcullis";

/// The claims of any token of this service. Only a token of an account has a session, and a token of a machine client has nothing
/// that it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum AnyClaims {
    /// Of an account.
    Account(Claims),
    /// Of a machine client.
    Client(ClientClaims),
}

impl AnyClaims {
    /// Time of issue.
    pub(super) fn issued_at(&self) -> i64 {
        match self {
            Self::Account(claims) => claims.iat,
            Self::Client(claims) => claims.iat,
        }
    }
}

/// The claims of a machine client's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Client id.
    pub sub: String,
    /// Client id again: no account is involved (RFC 9068 §2.2).
    pub client_id: String,
    /// Id of the token.
    pub jti: String,
    /// Time of issue, in seconds since 1970.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Expiry.
    pub exp: i64,
    /// Scopes, separated by spaces.
    pub scope: String,
}

/// The claims of an account's token.
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

/// What a new token of an account is issued for.
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

impl ClientClaims {
    /// The claims of a new token.
    pub(super) fn new(
        client: ClientId,
        scopes: &ClientScopes,
        (issuer, audience): (&str, &str),
        (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            sub: client.to_string(),
            client_id: client.to_string(),
            jti: Uuid::new_v4().to_string(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: expires_at.timestamp(),
            scope: scopes.text(),
        }
    }
}
