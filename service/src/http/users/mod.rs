//! `/user`: one user at a time, for administrators. The number is a query parameter, as in the legacy system's contract.

/// Bodies of requests and responses.
mod dto;

/// `/users` and `/auth/admins`.
pub mod list;

/// `/user/sessions` and `/user/second-factor`.
pub mod protection;

use crate::domain::users::error::UserError;
use crate::domain::users::{Users, changes};
use crate::http::contract::auth::{Caller, UsersReadScope, UsersWriteScope, bad_token, proof_required};
use crate::http::contract::error_responses::{AuthConflictErrors, AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::Field;
use crate::http::contract::if_match::{IfMatch, precondition_failed};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::contract::update_json::UpdateJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::role::Role;
use dto::{
    DeleteErrors, RestoreErrors, UpdateErrors, User, UserCreated, UserCreation, UserResponse, UserUpdate,
};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;

/// The operations.
pub struct UsersApi {
    users: Users,
}

impl UsersApi {
    /// Operations on these users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

#[OpenApi(tag = "ApiTag::Users")]
impl UsersApi {
    /// Create a user
    ///
    /// Sends an invitation with a link to the address. The user can sign in after setting a password through it. An address
    /// can belong to one user only, regardless of upper and lower case. A role other than `user` requires that the caller's
    /// credentials were verified recently.
    #[oai(path = "/user", method = "post", operation_id = "createUser")]
    async fn create(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        body: StrictJson<UserCreation>,
    ) -> Result<UserCreated, ErrorResponse<AuthConflictErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let email = body.0.email.required("email", &mut errors);
        let name = body.0.name.optional("name", &mut errors);
        let role = body.0.role.optional("role", &mut errors);
        let Some(email) = email.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let user = changes::NewUser {
            email,
            name,
            role: role.unwrap_or(Role::User),
        };
        Ok(self.users.create(&admin, &client, user).await?.into())
    }

    /// Get a user
    ///
    /// Deleted users are not found.
    #[oai(path = "/user", method = "get", operation_id = "getUser")]
    async fn get(
        &self,
        caller: Caller<UsersReadScope>,
        /// User number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserResponse, ErrorResponse<AuthNotFoundErrors>> {
        let (admin, id) = (caller.admin()?, required_id(id.0)?);
        Ok(self.users.get(&admin, id).await?.into())
    }

    /// Update a user
    ///
    /// Replaces the address, and name and role if given. A new role revokes the user's sessions and notifies the user by mail. The
    /// address of an active user cannot be changed; that of another takes effect without confirmation, and links mailed to the
    /// old one become invalid. A new role, and a new address of a user with another role than `user`, require that the caller's
    /// credentials were verified recently.
    #[oai(path = "/user", method = "put", operation_id = "updateUser")]
    async fn update(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
        /// `ETag` of the version to update, or `*` for any.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: UpdateJson<UserUpdate, User>,
    ) -> Result<UserResponse, ErrorResponse<UpdateErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let id = id.0.required("id", &mut errors);
        let email = body.update.email.required("email", &mut errors);
        let name = body.update.name.optional("name", &mut errors);
        let role = body.update.role.optional("role", &mut errors);
        let expected = if_match.required(errors)?;
        let (Some(id), Some(email)) = (id, email) else {
            return Err(Problem::internal().into());
        };
        let sent_back = body.sent_back.without("updated_at");
        let mut new_name = None;
        if name.is_some() || !sent_back.is_empty() {
            let current = self.users.get(&admin, id).await?;
            // Another version may differ for its own reasons, which the update reports.
            if expected.matches(current.version) {
                let mut errors = Vec::new();
                new_name = name.and_then(|name| name.change(&current.name, &mut errors));
                sent_back.report_changes(&User::from(current), &mut errors);
                if !errors.is_empty() {
                    return Err(Problem::invalid(errors).into());
                }
            }
        }
        let change = changes::Change {
            email,
            name: new_name,
            role,
        };
        let changed = self.users.update(&admin, &client, id, expected, change).await;
        Ok(changed?.into())
    }

    /// Delete a user
    ///
    /// Returns the deleted user. Its sessions are revoked immediately and its address becomes available. The last
    /// administrator cannot be deleted. With `If-Match`, deletes only that version. Requires that the caller's credentials were
    /// verified recently, and notifies the user by mail.
    #[oai(path = "/user", method = "delete", operation_id = "deleteUser")]
    async fn delete(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
        /// `ETag` of the version to delete.
        #[oai(name = "If-Match")]
        if_match: IfMatch<crate::http::contract::field::Optional>,
    ) -> Result<UserResponse, ErrorResponse<DeleteErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let id = id.0.required("id", &mut errors);
        let expected = if_match.optional(&mut errors);
        let Some(id) = id.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        Ok(self.users.delete(&admin, &client, id, expected).await?.into())
    }

    /// Restore a deleted user
    ///
    /// Restores role and state; sessions stay revoked. Fails if another user has taken the address. Requires that the caller's
    /// credentials were verified recently, and notifies the user by mail.
    #[oai(path = "/user/restore", method = "post", operation_id = "restoreUser")]
    async fn restore(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserResponse, ErrorResponse<RestoreErrors>> {
        let (admin, id) = (caller.admin()?, required_id(id.0)?);
        Ok(self.users.restore(&admin, &client, id).await?.into())
    }

    /// Resend an invitation
    ///
    /// Sends a new link and invalidates the earlier one. Only for users who have not accepted yet.
    #[oai(path = "/user/invite", method = "post", operation_id = "inviteUser")]
    async fn invite(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserResponse, ErrorResponse<RestoreErrors>> {
        let (admin, id) = (caller.admin()?, required_id(id.0)?);
        Ok(self.users.invite(&admin, &client, id).await?.into())
    }
}

pub(super) fn required_id(id: Field<AccountId>) -> Result<AccountId, Problem> {
    let mut errors = Vec::new();
    let id = id.required("id", &mut errors);
    id.ok_or_else(|| Problem::invalid(errors))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let conflict = |kind, detail| Self::new(StatusCode::CONFLICT, kind, detail);
        match error {
            UserError::NotFound => Self::not_found("the user does not exist"),
            UserError::PreconditionFailed => precondition_failed(),
            UserError::EmailTaken => conflict("address-taken", "another user uses this address"),
            UserError::LastAdmin => conflict(
                "last-administrator",
                "the last administrator cannot be deleted or demoted",
            ),
            UserError::EmailConfirmed => conflict(
                "address-confirmed",
                "only the user can change the address of an active account",
            ),
            UserError::EmailNotConfirmed => conflict(
                "address-unconfirmed",
                "a role can be assigned once the user has confirmed the address",
            ),
            UserError::ProofRequired => proof_required(),
            UserError::SignedOut => bad_token(),
            UserError::OwnSecondFactor => conflict(
                "own-second-factor",
                "your own second factor is removed with password and code: `POST /auth/totp/disable`",
            ),
            UserError::NoSecondFactor => {
                conflict("second-factor-not-enabled", "the user has no second factor")
            }
            UserError::NotInvited => conflict(
                "not-invited",
                "the user has already accepted the invitation, or was never invited",
            ),
            UserError::InvalidCursor => {
                let reason = "must be the cursor from the `Link` of the previous page, with the same `sort`";
                Self::invalid(vec![FieldError::query("after", reason)])
            }
            UserError::Storage(error) => error.into(),
        }
    }
}
