//! How accounts are written and read by their owners, and what their operations answer and refuse with.

use super::fields::SecretText;
use super::fields::{LinkToken, NewPassword};
use crate::domain::accounts::view::AccountView;
use crate::http::contract::error_responses::Statuses;
use crate::http::contract::field::{Field, Optional};
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// Somebody who registers.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Registration {
    /// Their name.
    pub name: Field<PersonName>,
    /// Their address.
    pub email: Field<Email>,
    /// Their password: of any kind of characters, none of the most common ones, without a part of name or address.
    pub password: Field<NewPassword>,
}

/// An address.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Address {
    /// The account's address, if there is one.
    pub email: Field<Email>,
}

/// A mailed link.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Link {
    /// The `token` in the link's query.
    pub token: Field<LinkToken>,
}

/// A mailed link, and a new password.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Reset {
    /// The `token` in the link's query.
    pub token: Field<LinkToken>,
    /// The new password, under the rules of a registration.
    pub password: Field<NewPassword>,
}

/// A mailed invitation, and who accepts it.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Acceptance {
    /// The `token` in the link's query.
    pub token: Field<LinkToken>,
    /// Their name.
    pub name: Field<PersonName>,
    /// Their password, under the rules of a registration.
    pub password: Field<NewPassword>,
}

/// What is to be changed. What is missing stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct MyChange {
    /// The new name.
    pub name: Field<PersonName, Optional>,
    /// The new address. It counts from the moment that it is proven; `current_password` is needed.
    pub email: Field<Email, Optional>,
    /// The new password, under the rules of a registration. It ends every other session; `current_password` is needed.
    pub new_password: Field<NewPassword, Optional>,
    /// The current password.
    pub current_password: Field<SecretText, Optional>,
    /// A code of the app, or a recovery code: needed beside `current_password` by who has a second factor.
    pub code: Field<SecretText, Optional>,
}

/// One's own account.
#[derive(Debug, Object)]
pub struct Me {
    /// Its number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Its address.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// A new address that is not proven yet.
    #[oai(skip_serializing_if_is_none, validator(max_length = 254))]
    pub pending_email: Option<String>,
    /// Its name; may be empty.
    #[oai(validator(max_length = 100))]
    pub name: String,
    /// Its role: `user`, `admin`, `approver` or `ingest`.
    pub role: String,
    /// What the role may do.
    pub scopes: Vec<String>,
    /// Whether signing in takes a second factor.
    pub second_factor: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its first address was proven.
    #[oai(skip_serializing_if_is_none)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When its password was given.
    #[oai(skip_serializing_if_is_none)]
    pub password_changed_at: Option<DateTime<Utc>>,
}

impl From<AccountView> for Me {
    fn from(profile: AccountView) -> Self {
        let account = profile.account;
        let scopes = Role::parse(&account.role).map_or(&[][..], Role::scopes);
        Self {
            id: account.id,
            email: account.email,
            pending_email: profile.pending_email,
            name: account.name,
            role: account.role,
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            second_factor: profile.has_second_factor,
            created_at: account.created_at,
            confirmed_at: account.confirmed_at,
            password_changed_at: profile.password_changed_at,
        }
    }
}

/// What happened.
#[derive(Debug, Object)]
pub struct Outcome {
    /// In words for people.
    pub message: String,
}

/// What was asked for will be done, or not: who asks is not told.
#[derive(ApiResponse)]
pub enum Asked {
    /// The same for every address.
    #[oai(status = 202)]
    Accepted(Json<Outcome>),
}

impl Asked {
    /// In these words.
    pub fn accepted(message: &str) -> Self {
        let message = message.to_owned();
        Self::Accepted(Json(Outcome { message }))
    }
}

/// It is done.
#[derive(ApiResponse)]
pub enum Done {
    /// It is done.
    #[oai(status = 200)]
    Done(Json<Outcome>),
}

impl Done {
    /// In these words.
    pub fn told(message: &str) -> Self {
        let message = message.to_owned();
        Self::Done(Json(Outcome { message }))
    }
}

/// One's own account.
#[derive(ApiResponse)]
pub enum MeAnswer {
    /// The account.
    #[oai(status = 200)]
    Found(Json<Me>),
}

/// The account is deleted.
#[derive(ApiResponse)]
pub enum Gone {
    /// Deleted; its sessions have ended.
    #[oai(status = 204)]
    Deleted,
}

/// Registering.
#[derive(Debug)]
pub struct Registering;

impl Statuses for Registering {
    const OWN: &'static [u16] = &[403, 413, 415];
}

/// Asking for a mail.
#[derive(Debug)]
pub struct Asking;

impl Statuses for Asking {
    const OWN: &'static [u16] = &[413, 415];
}

/// Using a link.
#[derive(Debug)]
pub struct Using;

impl Statuses for Using {
    const OWN: &'static [u16] = &[404, 413, 415];
}

/// Using a link to a new address.
#[derive(Debug)]
pub struct Proving;

impl Statuses for Proving {
    const OWN: &'static [u16] = &[404, 409, 413, 415];
}

/// Leaving.
#[derive(Debug)]
pub struct Leaving;

impl Statuses for Leaving {
    const OWN: &'static [u16] = &[401, 403, 409];
}
