//! Request and response bodies of user operations.

use crate::domain::users::AccountRow;
use crate::http::accounts::fields::UpdatedName;
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::if_match::etag;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A user, as administrators see it. Contains no credentials.
#[derive(Object)]
pub struct User {
    /// User number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Address.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// Name; empty if none was given yet.
    #[oai(validator(max_length = 100))]
    pub name: String,
    /// Role: `user`, `admin`, `approver`, `ingest` or `introspector`.
    pub role: String,
    /// State: `invited` (no password yet), `unconfirmed` (address not confirmed yet) or `active` (can sign in).
    pub state: String,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
    /// Time at which the address was confirmed.
    #[oai(skip_serializing_if_is_none)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Time of deletion.
    #[oai(skip_serializing_if_is_none)]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl From<AccountRow> for User {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            state: row.state,
            created_at: row.created_at,
            updated_at: row.updated_at,
            confirmed_at: row.confirmed_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// A user to create.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct UserCreation {
    /// Address; receives the invitation.
    pub email: Field<Email>,
    /// Name. The user can change it when accepting the invitation.
    pub name: Field<PersonName, Optional>,
    /// Role; default `user`.
    pub role: Field<Role, Optional>,
}

/// A change of a user. Read-only members may be sent as they were returned.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct UserUpdate {
    /// Address.
    pub email: Field<Email>,
    /// Name; unchanged if left out or empty.
    pub name: Field<UpdatedName, Optional>,
    /// Role; unchanged if left out.
    pub role: Field<Role, Optional>,
}

/// A created user.
#[derive(ApiResponse)]
pub enum UserCreated {
    /// The user was created. `Location` is its path, `ETag` its version.
    #[oai(status = 201)]
    Created(
        Json<User>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
    ),
}

/// A user.
#[derive(ApiResponse)]
pub enum UserResponse {
    /// The user. Send `ETag` as `If-Match` to update this version.
    #[oai(status = 200)]
    Found(Json<User>, #[oai(header = "ETag")] String),
}

impl From<AccountRow> for UserCreated {
    fn from(row: AccountRow) -> Self {
        let (location, etag) = (format!("/user?id={}", row.id), etag(row.version));
        Self::Created(Json(row.into()), location, etag)
    }
}

impl From<AccountRow> for UserResponse {
    fn from(row: AccountRow) -> Self {
        let etag = etag(row.version);
        Self::Found(Json(row.into()), etag)
    }
}

/// Errors of updating a user.
#[derive(Debug)]
pub struct UpdateErrors;

impl Documented for UpdateErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 412, 413, 415, 428];
}

/// Errors of deleting a user.
#[derive(Debug)]
pub struct DeleteErrors;

impl Documented for DeleteErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 412];
}

/// Errors of restoring a user and of resending an invitation.
#[derive(Debug)]
pub struct RestoreErrors;

impl Documented for RestoreErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409];
}
