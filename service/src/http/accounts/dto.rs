//! Request and response bodies of account operations.

use super::fields::SecretText;
use super::fields::{LinkToken, NewPassword, ReplacementPassword, UpdatedName};
use crate::domain::accounts::view::AccountView;
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::{Field, Optional};
use crate::http::totp::fields::TypedCode;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A registration.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct RegistrationRequest {
    /// Name of the user.
    pub name: Field<PersonName>,
    /// Address of the user.
    pub email: Field<Email>,
    /// Password. Any characters are allowed; common and breached passwords and words of the name or address are rejected.
    pub password: Field<NewPassword>,
}

/// The address of an account.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct EmailRequest {
    /// Address of the account.
    pub email: Field<Email>,
}

/// A mailed link.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct LinkRequest {
    /// The query parameter `token` of the link.
    pub token: Field<LinkToken>,
}

/// The link of a registration and the password that was chosen.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct ConfirmationRequest {
    /// The query parameter `token` of the link.
    pub token: Field<LinkToken>,
    /// The password that was chosen at registration.
    pub password: Field<SecretText>,
}

/// A mailed link and a new password.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The query parameter `token` of the link.
    pub token: Field<LinkToken>,
    /// New password; the rules of a registration apply, but eight characters are enough if a second factor is enabled.
    pub password: Field<ReplacementPassword>,
}

/// The acceptance of a mailed invitation.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// The query parameter `token` of the link.
    pub token: Field<LinkToken>,
    /// Name of the user.
    pub name: Field<PersonName>,
    /// Password; the rules of a registration apply.
    pub password: Field<NewPassword>,
}

/// Changes to the caller's account. Members that are left out stay unchanged; read-only ones may be sent as they were
/// returned.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct MeUpdate {
    /// New name.
    pub name: Field<UpdatedName, Optional>,
    /// New address. Takes effect once it is confirmed. Requires `current_password`. The current address cancels a pending
    /// change, unless `pending_email` is sent along as it was returned.
    pub email: Field<Email, Optional>,
    /// New password; the rules of a registration apply, but eight characters are enough if a second factor is enabled.
    /// Revokes every other session. Requires `current_password`.
    pub new_password: Field<ReplacementPassword, Optional>,
    /// Current password.
    pub current_password: Field<SecretText, Optional>,
    /// Code of the authenticator app, or a recovery code. Required with `current_password` if a second factor is enabled.
    pub code: Field<TypedCode, Optional>,
}

/// The caller's account.
#[derive(Debug, Object)]
pub struct Me {
    /// Account number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Address.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// New address that is not confirmed yet.
    #[oai(skip_serializing_if_is_none, validator(max_length = 254))]
    pub pending_email: Option<String>,
    /// Name; may be empty.
    #[oai(validator(max_length = 100))]
    pub name: String,
    /// Role: `user`, `admin`, `approver`, `ingest` or `introspector`.
    pub role: String,
    /// Scopes that the role grants.
    pub scopes: Vec<String>,
    /// Whether signing in requires a second factor.
    pub second_factor: bool,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time at which the first address was confirmed.
    #[oai(skip_serializing_if_is_none)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Time of the last password change.
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

/// A message about the outcome.
#[derive(Debug, Object)]
pub struct Message {
    /// Human-readable text.
    pub message: String,
}

/// A mail was requested. The response does not disclose whether the address has an account.
#[derive(ApiResponse)]
pub enum MailRequested {
    /// Accepted. The response is the same for every address.
    #[oai(status = 202)]
    Accepted(Json<Message>),
}

impl MailRequested {
    /// With this message.
    pub fn accepted(message: &str) -> Self {
        let message = message.to_owned();
        Self::Accepted(Json(Message { message }))
    }
}

/// A mailed link was used.
#[derive(ApiResponse)]
pub enum LinkUsed {
    /// The link was used.
    #[oai(status = 200)]
    Used(Json<Message>),
}

impl LinkUsed {
    /// With this message.
    pub fn with(message: &str) -> Self {
        let message = message.to_owned();
        Self::Used(Json(Message { message }))
    }
}

/// The caller's account.
#[derive(ApiResponse)]
pub enum MeResponse {
    /// The account.
    #[oai(status = 200)]
    Found(Json<Me>),
}

/// The account was deleted.
#[derive(ApiResponse)]
pub enum AccountDeleted {
    /// The account was deleted and its sessions were revoked.
    #[oai(status = 204)]
    Deleted,
}

/// A change of the address was cancelled.
#[derive(ApiResponse)]
pub enum NewEmailCancelled {
    /// No change is pending.
    #[oai(status = 204)]
    Cancelled,
}

/// Errors of registering.
#[derive(Debug)]
pub struct RegisterErrors;

impl Documented for RegisterErrors {
    const STATUSES: &'static [u16] = &[403, 413, 415];
}

/// Errors of requesting a mail.
#[derive(Debug)]
pub struct RequestMailErrors;

impl Documented for RequestMailErrors {
    const STATUSES: &'static [u16] = &[413, 415];
}

/// Errors of using a link.
#[derive(Debug)]
pub struct UseLinkErrors;

impl Documented for UseLinkErrors {
    const STATUSES: &'static [u16] = &[404, 413, 415];
}

/// Errors of confirming a registration.
#[derive(Debug)]
pub struct ConfirmErrors;

impl Documented for ConfirmErrors {
    const STATUSES: &'static [u16] = &[403, 404, 413, 415];
}

/// Errors of confirming a new address.
#[derive(Debug)]
pub struct ChangeEmailErrors;

impl Documented for ChangeEmailErrors {
    const STATUSES: &'static [u16] = &[404, 409, 413, 415];
}

/// Errors of deleting the caller's account.
#[derive(Debug)]
pub struct DeleteMeErrors;

impl Documented for DeleteMeErrors {
    const STATUSES: &'static [u16] = &[401, 403, 409];
}
