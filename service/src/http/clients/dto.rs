//! Request and response bodies of operations on clients.

use crate::domain::clients::ClientRow;
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::Field;
use crate::http::contract::if_match::etag;
use crate::types::client::{ClientName, ClientScopes};
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A machine client.
#[derive(Object)]
pub struct MachineClient {
    /// Client id: `client_id` at the token endpoint, `sub` in its tokens.
    pub id: String,
    /// Name.
    #[oai(validator(max_length = 100))]
    pub name: String,
    /// Scopes that its tokens can have.
    pub scopes: Vec<String>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
    /// Time at which it was revoked.
    #[oai(skip_serializing_if_is_none)]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<ClientRow> for MachineClient {
    fn from(row: ClientRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            scopes: row.scopes.split(' ').map(str::to_owned).collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A page of clients.
#[derive(Object)]
pub struct MachineClientList {
    /// Clients on this page.
    pub clients: Vec<MachineClient>,
}

/// A client to create.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct MachineClientCreation {
    /// Name.
    pub name: Field<ClientName>,
    /// Scopes.
    pub scopes: Field<ClientScopes>,
}

/// A change of a client. Read-only members may be sent as they were returned.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct MachineClientUpdate {
    /// Name.
    pub name: Field<ClientName>,
    /// Scopes.
    pub scopes: Field<ClientScopes>,
}

/// A page of clients.
#[derive(ApiResponse)]
pub enum ClientsResponse {
    /// A page of clients. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<MachineClientList>, #[oai(header = "Link")] Option<String>),
}

/// A created client.
#[derive(ApiResponse)]
pub enum ClientCreated {
    /// The client was created. `Location` is its path, `ETag` its version.
    #[oai(status = 201)]
    Created(
        Json<MachineClient>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
    ),
}

/// A client.
#[derive(ApiResponse)]
pub enum ClientResponse {
    /// The client. Send `ETag` as `If-Match` to update this version.
    #[oai(status = 200)]
    Found(Json<MachineClient>, #[oai(header = "ETag")] String),
}

/// A revoked client.
#[derive(ApiResponse)]
pub enum ClientRevoked {
    /// The client was revoked.
    #[oai(status = 204)]
    Revoked,
}

impl From<ClientRow> for ClientCreated {
    fn from(row: ClientRow) -> Self {
        let (location, etag) = (format!("/clients/{}", row.id), etag(row.version));
        Self::Created(Json(row.into()), location, etag)
    }
}

impl From<ClientRow> for ClientResponse {
    fn from(row: ClientRow) -> Self {
        let etag = etag(row.version);
        Self::Found(Json(row.into()), etag)
    }
}

/// Errors of updating a client.
#[derive(Debug)]
pub struct UpdateErrors;

impl Documented for UpdateErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 412, 413, 415, 428];
}

/// Errors of revoking a client.
#[derive(Debug)]
pub struct RevokeErrors;

impl Documented for RevokeErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 412];
}
