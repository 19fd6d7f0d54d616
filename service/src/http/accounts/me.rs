//! `/auth/me`: the caller's own account.

use super::dto::{AccountDeleted, DeleteMeErrors, MeResponse, MeUpdate};
use super::errors::{code_used, too_many_mails, weak_password};
use crate::domain::accounts::Accounts;
use crate::domain::accounts::changes::{self, Change};
use crate::domain::accounts::outcome::{ChangeOutcome, DeletionOutcome};
use crate::domain::sessions::error::LoginError;
use crate::http::contract::auth::{Caller, ProfileScope, SetupScope, bad_token};
use crate::http::contract::error_responses::{AuthConflictErrors, AuthErrors, ErrorResponse};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

/// The operations.
pub struct MeApi {
    accounts: Accounts,
}

impl MeApi {
    /// Operations on these accounts.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    async fn me<S>(&self, caller: &Caller<S>) -> Result<MeResponse, Problem> {
        let profile = self.accounts.view(&caller.signed_in).await?;
        let profile = profile.ok_or_else(bad_token)?;
        Ok(MeResponse::Found(Json(profile.into())))
    }
}

#[OpenApi(tag = "ApiTag::Accounts")]
impl MeApi {
    /// Get the caller's account
    #[oai(path = "/auth/me", method = "get", operation_id = "findOwnAccount")]
    async fn find(&self, caller: Caller<SetupScope>) -> Result<MeResponse, ErrorResponse<AuthErrors>> {
        Ok(self.me(&caller).await?)
    }

    /// Update the caller's account
    ///
    /// Applies all given changes or none. A new address takes effect when the link sent to it is used; the old address is
    /// notified immediately. A new password revokes every other session. Both require the current password, and a code if a
    /// second factor is enabled.
    #[oai(path = "/auth/me", method = "put", operation_id = "changeOwnAccount")]
    async fn change(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        body: StrictJson<MeUpdate>,
    ) -> Result<MeResponse, ErrorResponse<AuthConflictErrors>> {
        let change = change_of(body.0)?;
        match self.accounts.change(&caller.signed_in, change, &client).await? {
            ChangeOutcome::Done => Ok(self.me(&caller).await?),
            ChangeOutcome::Gone => Err(bad_token().into()),
            ChangeOutcome::WrongCredentials => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "wrong-password",
                "the current password or the code is wrong; nothing was changed",
            )
            .into()),
            ChangeOutcome::CodeRequired => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "second-factor-required",
                "a code of the second factor is required: send it as `code`; nothing was changed",
            )
            .into()),
            ChangeOutcome::CodeUnverifiable => Err(LoginError::SecondFactorUnavailable.into()),
            ChangeOutcome::CodeUsed => Err(code_used().into()),
            ChangeOutcome::Weak(weakness) => Err(weak_password("new_password", weakness).into()),
            ChangeOutcome::TooManyAttempts(wait) => Err(LoginError::Throttled(wait).into()),
            ChangeOutcome::CodesBlocked(wait) => Err(LoginError::CodesBlocked(wait).into()),
            ChangeOutcome::TooManyMails(wait) => Err(too_many_mails(wait).into()),
        }
    }

    /// Delete the caller's account
    ///
    /// Revokes its sessions immediately. The last administrator cannot be deleted.
    #[oai(path = "/auth/me", method = "delete", operation_id = "deleteOwnAccount")]
    async fn delete(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
    ) -> Result<AccountDeleted, ErrorResponse<DeleteMeErrors>> {
        match self
            .accounts
            .delete_own_account(&caller.signed_in, &client)
            .await?
        {
            DeletionOutcome::Done => Ok(AccountDeleted::Deleted),
            DeletionOutcome::LastAdmin => Err(Problem::new(
                StatusCode::CONFLICT,
                "last-administrator",
                "the last administrator cannot be deleted; nothing was changed",
            )
            .into()),
        }
    }
}

fn change_of(body: MeUpdate) -> Result<Change, Problem> {
    let mut errors = Vec::new();
    let name = body.name.optional("name", &mut errors);
    let needs_current = body.email.is_given() || body.new_password.is_given();
    let email = body.email.optional("email", &mut errors);
    let password = body.new_password.optional("new_password", &mut errors);
    let current = if needs_current {
        body.current_password.required("current_password", &mut errors)
    } else {
        body.current_password.optional("current_password", &mut errors)
    };
    let code = body.code.optional("code", &mut errors);
    if errors.is_empty() && name.is_none() && !needs_current {
        errors.push(FieldError::new(Location::Body, "", "contains no change"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let sensitive = current
        .filter(|_| needs_current)
        .map(|current| changes::SensitiveChange {
            email,
            password: password.map(|password| password.0),
            ..changes::SensitiveChange::authorised_by(current.0, code.map(|code| code.0))
        });
    Ok(Change { name, sensitive })
}
