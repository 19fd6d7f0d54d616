//! `/user/sessions`, `/user/second-factor`: what administrators do for a user who lost a device or a second factor.

use super::required_id;
use crate::domain::users::Users;
use crate::http::contract::auth::{Caller, UsersWriteScope};
use crate::http::contract::error_responses::{AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::Field;
use crate::http::openapi::tags::ApiTag;
use crate::http::users::dto::RestoreErrors;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use poem_openapi::param::Query;
use poem_openapi::{ApiResponse, OpenApi};

/// The operations.
pub struct UserProtectionApi {
    users: Users,
}

impl UserProtectionApi {
    /// Operations on these users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

/// Ended sessions.
#[derive(ApiResponse)]
enum UserSessionsEnded {
    /// Ended. Their tokens are no longer accepted.
    #[oai(status = 204)]
    Ended,
}

/// A removed second factor.
#[derive(ApiResponse)]
enum UserSecondFactorRemoved {
    /// Removed, and the user's sessions are revoked.
    #[oai(status = 204)]
    Removed,
}

#[OpenApi(tag = "ApiTag::Users")]
impl UserProtectionApi {
    /// Revoke a user's sessions
    ///
    /// Signs the user out everywhere and notifies them by mail. Requires that the caller's credentials were verified recently.
    #[oai(path = "/user/sessions", method = "delete", operation_id = "endUserSessions")]
    async fn end_sessions(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserSessionsEnded, ErrorResponse<AuthNotFoundErrors>> {
        let (admin, id) = (caller.admin()?, required_id(id.0)?);
        self.users.end_sessions(&admin, &client, id).await?;
        Ok(UserSessionsEnded::Ended)
    }

    /// Remove a user's second factor
    ///
    /// For a user who has lost app and recovery codes: make sure who asks for it. Revokes the user's sessions and notifies them
    /// by mail. Requires that the caller's credentials were verified recently. Callers remove their own with
    /// `POST /auth/totp/disable`.
    #[oai(
        path = "/user/second-factor",
        method = "delete",
        operation_id = "removeUserSecondFactor"
    )]
    async fn remove_second_factor(
        &self,
        caller: Caller<UsersWriteScope>,
        client: ClientInfo,
        /// User number.
        id: Query<Field<AccountId>>,
    ) -> Result<UserSecondFactorRemoved, ErrorResponse<RestoreErrors>> {
        let (admin, id) = (caller.admin()?, required_id(id.0)?);
        self.users.remove_second_factor(&admin, &client, id).await?;
        Ok(UserSecondFactorRemoved::Removed)
    }
}
