//! How users are written and read, and what their operations answer and refuse with.

use crate::domain::users::AccountRow;
use crate::http::contract::error_responses::Statuses;
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::if_match::tag;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A user, as administrators see one. Never anything that proves who somebody is.
#[derive(Object)]
pub struct User {
    /// Its number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Its address.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// Its name; empty where none was given yet.
    #[oai(validator(max_length = 100))]
    pub name: String,
    /// `user`, `admin`, `approver` or `ingest`.
    pub role: String,
    /// `invited`: has no password yet. `unconfirmed`: the address is not proven. `active`: may sign in.
    pub state: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the address was proven.
    #[oai(skip_serializing_if_is_none)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it was deleted.
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

/// A user that is to be made.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct NewUser {
    /// The address: the invitation goes there.
    pub email: Field<Email>,
    /// The name. The user may give another one.
    pub name: Field<PersonName, Optional>,
    /// The role; `user` where none is given.
    pub role: Field<Role, Optional>,
}

/// What a user is to be from now on.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedUser {
    /// The address.
    pub email: Field<Email>,
    /// The name; where none is given, it stays as it is.
    pub name: Field<PersonName, Optional>,
    /// The role; where none is given, it stays as it is.
    pub role: Field<Role, Optional>,
}

/// A new user.
#[derive(ApiResponse)]
pub enum UserMade {
    /// The user, where it is, and its version.
    #[oai(status = 201)]
    Made(
        Json<User>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
    ),
}

/// A user.
#[derive(ApiResponse)]
pub enum UserAnswer {
    /// The user. `ETag` is its version: send it as `If-Match` with a change.
    #[oai(status = 200)]
    Found(Json<User>, #[oai(header = "ETag")] String),
}

impl From<AccountRow> for UserMade {
    fn from(row: AccountRow) -> Self {
        let (location, tag) = (format!("/user?id={}", row.id), tag(row.version));
        Self::Made(Json(row.into()), location, tag)
    }
}

impl From<AccountRow> for UserAnswer {
    fn from(row: AccountRow) -> Self {
        let tag = tag(row.version);
        Self::Found(Json(row.into()), tag)
    }
}

/// What changing one is refused with.
#[derive(Debug)]
pub struct Changing;

impl Statuses for Changing {
    const OWN: &'static [u16] = &[401, 403, 404, 409, 412, 413, 415, 428];
}

/// What deleting one is refused with.
#[derive(Debug)]
pub struct Deleting;

impl Statuses for Deleting {
    const OWN: &'static [u16] = &[401, 403, 404, 409, 412];
}

/// What restoring one and inviting one again are refused with.
#[derive(Debug)]
pub struct Reviving;

impl Statuses for Reviving {
    const OWN: &'static [u16] = &[401, 403, 404, 409];
}
