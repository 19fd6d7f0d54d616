//! Request and response bodies of operations on the credentials of clients.

use super::jwk_fields::{Coordinate, Curve, KeyName, KeyType, KeyUse, SigningAlgorithm};
use crate::crypto::client_assertion::ClientKey as PublicPoint;
use crate::crypto::tokens::PlainToken;
use crate::domain::clients::credentials::CredentialRow;
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::{Field, Optional};
use crate::types::client::CredentialLifetime;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A secret to add.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct ClientSecretCreation {
    /// Days until it expires.
    pub lifetime_days: Field<CredentialLifetime, Optional>,
}

/// A secret of a client, without the secret itself.
#[derive(Object)]
pub struct ClientSecret {
    /// Id.
    pub id: String,
    /// Time at which it was added.
    pub created_at: DateTime<Utc>,
    /// Time of expiry.
    pub expires_at: DateTime<Utc>,
    /// Time of last use, to the minute.
    #[oai(skip_serializing_if_is_none)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<CredentialRow> for ClientSecret {
    fn from(row: CredentialRow) -> Self {
        Self {
            id: row.id.to_string(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The valid secrets of a client.
#[derive(Object)]
pub struct ClientSecretList {
    /// Secrets, oldest first.
    pub secrets: Vec<ClientSecret>,
}

/// A secret that was added.
#[derive(Object)]
pub struct AddedClientSecret {
    /// Id.
    pub id: String,
    /// The secret. It is never shown again.
    pub secret: String,
    /// Time at which it was added.
    pub created_at: DateTime<Utc>,
    /// Time of expiry.
    pub expires_at: DateTime<Utc>,
}

/// A secret that was added.
#[derive(ApiResponse)]
pub enum ClientSecretAdded {
    /// The secret was added.
    #[oai(status = 201)]
    Added(Json<AddedClientSecret>),
}

impl ClientSecretAdded {
    /// The response that shows this secret.
    pub fn of(row: &CredentialRow, secret: &PlainToken) -> Self {
        Self::Added(Json(AddedClientSecret {
            id: row.id.to_string(),
            secret: secret.reveal().to_owned(),
            created_at: row.created_at,
            expires_at: row.expires_at,
        }))
    }
}

/// A public key to add, as a JWK (RFC 7517).
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct ClientKeyCreation {
    /// Key type.
    pub kty: Field<KeyType>,
    /// Curve.
    pub crv: Field<Curve>,
    /// x coordinate, base64url.
    pub x: Field<Coordinate>,
    /// y coordinate, base64url.
    pub y: Field<Coordinate>,
    /// Algorithm.
    pub alg: Field<SigningAlgorithm, Optional>,
    /// Use.
    #[oai(rename = "use")]
    pub purpose: Field<KeyUse, Optional>,
    /// Key id. Ignored: an assertion is verified with every key of its client.
    pub kid: Field<KeyName, Optional>,
    /// Days until the key expires.
    pub lifetime_days: Field<CredentialLifetime, Optional>,
}

/// A public key of a client: a point on the curve P-256.
#[derive(Object)]
pub struct ClientKey {
    /// Id.
    pub id: String,
    /// x coordinate, base64url.
    pub x: String,
    /// y coordinate, base64url.
    pub y: String,
    /// Time at which it was added.
    pub created_at: DateTime<Utc>,
    /// Time of expiry.
    pub expires_at: DateTime<Utc>,
    /// Time of last use, to the minute.
    #[oai(skip_serializing_if_is_none)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<CredentialRow> for ClientKey {
    fn from(row: CredentialRow) -> Self {
        let point = row.public_key.as_deref().and_then(PublicPoint::of_stored);
        let (x, y) = point.map(|point| point.coordinates()).unwrap_or_default();
        Self {
            id: row.id.to_string(),
            x,
            y,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The public keys of a client.
#[derive(Object)]
pub struct ClientKeyList {
    /// Keys, oldest first.
    pub keys: Vec<ClientKey>,
}

/// A key that was added.
#[derive(ApiResponse)]
pub enum ClientKeyAdded {
    /// The key was added.
    #[oai(status = 201)]
    Added(Json<ClientKey>),
}

/// A credential that was removed.
#[derive(ApiResponse)]
pub enum CredentialRemoved {
    /// It was removed.
    #[oai(status = 204)]
    Removed,
}

/// Errors of adding a credential.
#[derive(Debug)]
pub struct AddErrors;

impl Documented for AddErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 413, 415];
}

/// Errors of removing a credential.
#[derive(Debug)]
pub struct RemoveErrors;

impl Documented for RemoveErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409];
}
