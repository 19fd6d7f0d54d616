//! `/user`: one user at a time, for administrators. The number stands in the query, as in the original's contract.

/// Bodies of requests and responses.
mod dto;

/// `/users` and `/auth/admins`.
pub mod list;

use crate::domain::users::error::UserError;
use crate::domain::users::{Users, changes};
use crate::http::contract::auth::{Caller, UsersRead, UsersWrite};
use crate::http::contract::error_responses::{GuardedDeed, GuardedLookup, Refusal};
use crate::http::contract::field::Field;
use crate::http::contract::if_match::{IfMatch, stale};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::role::Role;
use dto::{ChangedUser, Changing, Deleting, NewUser, Reviving, UserAnswer, UserMade};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;

/// The operations and what they need.
pub struct UsersApi {
    users: Users,
}

impl UsersApi {
    /// Over the domain's users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

#[OpenApi(tag = "ApiTag::Users")]
impl UsersApi {
    /// A new user
    ///
    /// Invites somebody: a mail with a link goes to the address. Until its owner has set a password there, nobody can
    /// sign in. A second living user of one address is refused, whatever its letters' case.
    #[oai(path = "/user", method = "post", operation_id = "createUser")]
    async fn create(
        &self,
        caller: Caller<UsersWrite>,
        client: ClientInfo,
        body: StrictJson<NewUser>,
    ) -> Result<UserMade, Refusal<GuardedDeed>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let email = body.0.email.required("email", &mut errors);
        let name = body.0.name.optional("name", &mut errors);
        let role = body.0.role.optional("role", &mut errors);
        let Some(email) = email.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let new = changes::NewUser {
            email,
            name,
            role: role.unwrap_or(Role::User),
        };
        Ok(self.users.create(&admin, &client, new).await?.into())
    }

    /// One user
    ///
    /// Deleted ones are not found.
    #[oai(path = "/user", method = "get", operation_id = "getUser")]
    async fn get(
        &self,
        caller: Caller<UsersRead>,
        /// The user's number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserAnswer, Refusal<GuardedLookup>> {
        let (admin, id) = (caller.admin()?, number(id.0)?);
        Ok(self.users.get(&admin, id).await?.into())
    }

    /// Changes a user
    ///
    /// Replaces the address, and name and role where they are given. Another role ends the user's sessions. Another address
    /// is taken as it is given, without proof; links that were mailed to the old one are void, and it is told.
    #[oai(path = "/user", method = "put", operation_id = "updateUser")]
    async fn update(
        &self,
        caller: Caller<UsersWrite>,
        client: ClientInfo,
        /// The user's number.
        id: Query<Field<AccountId>>,
        /// The `ETag` of the version that the change is meant for, or `*`.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: StrictJson<ChangedUser>,
    ) -> Result<UserAnswer, Refusal<Changing>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let id = id.0.required("id", &mut errors);
        let email = body.0.email.required("email", &mut errors);
        let name = body.0.name.optional("name", &mut errors);
        let role = body.0.role.optional("role", &mut errors);
        let expected = if_match.required(errors)?;
        let (Some(id), Some(email)) = (id, email) else {
            return Err(Problem::internal().into());
        };
        let change = changes::Change { email, name, role };
        let changed = self.users.update(&admin, &client, id, expected, change).await;
        Ok(changed?.into())
    }

    /// Deletes a user
    ///
    /// Answers the user as it was left. Its sessions end at once, its address is free. The last administrator cannot be
    /// deleted. With `If-Match`, only if it is still that version.
    #[oai(path = "/user", method = "delete", operation_id = "deleteUser")]
    async fn delete(
        &self,
        caller: Caller<UsersWrite>,
        client: ClientInfo,
        /// The user's number.
        id: Query<Field<AccountId>>,
        /// The `ETag` of the version that is meant.
        #[oai(name = "If-Match")]
        if_match: IfMatch<crate::http::contract::field::Optional>,
    ) -> Result<UserAnswer, Refusal<Deleting>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let id = id.0.required("id", &mut errors);
        let expected = if_match.optional(&mut errors);
        let Some(id) = id.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        Ok(self.users.delete(&admin, &client, id, expected).await?.into())
    }

    /// Restores a deleted user
    ///
    /// In the role and the state that it had; what was signed in stays ended. Refused where another user has got the
    /// address meanwhile.
    #[oai(path = "/user/restore", method = "post", operation_id = "restoreUser")]
    async fn restore(
        &self,
        caller: Caller<UsersWrite>,
        client: ClientInfo,
        /// The user's number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserAnswer, Refusal<Reviving>> {
        let (admin, id) = (caller.admin()?, number(id.0)?);
        Ok(self.users.restore(&admin, &client, id).await?.into())
    }

    /// Invites a user again
    ///
    /// Another mail with another link; the one before is void. Only for a user who has not accepted yet.
    #[oai(path = "/user/invite", method = "post", operation_id = "inviteUser")]
    async fn invite(
        &self,
        caller: Caller<UsersWrite>,
        client: ClientInfo,
        /// The user's number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserAnswer, Refusal<Reviving>> {
        let (admin, id) = (caller.admin()?, number(id.0)?);
        Ok(self.users.invite(&admin, &client, id).await?.into())
    }
}

fn number(id: Field<AccountId>) -> Result<AccountId, Problem> {
    let mut errors = Vec::new();
    let id = id.required("id", &mut errors);
    id.ok_or_else(|| Problem::invalid(errors))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let conflict = |kind, detail| Self::new(StatusCode::CONFLICT, kind, detail);
        match error {
            UserError::NotFound => Self::not_found("there is no such user"),
            UserError::PreconditionFailed => stale(),
            UserError::EmailTaken => conflict("address-taken", "another user has this address"),
            UserError::LastAdmin => conflict("last-administrator", "there would be no administrator left"),
            UserError::EmailConfirmed => conflict(
                "address-proven",
                "only the user changes the address of an active account",
            ),
            UserError::EmailNotConfirmed => conflict(
                "address-unproven",
                "a role is given when the user has confirmed the address",
            ),
            UserError::NotInvited => conflict(
                "not-invited",
                "this user has accepted already, or never was invited",
            ),
            UserError::InvalidCursor => {
                let reason = "must be taken from the link of the page before, in the same order";
                Self::invalid(vec![FieldError::query("after", reason)])
            }
            UserError::Storage(error) => error.into(),
        }
    }
}
