//! `/auth/me`: the caller's own account.

use super::dto::{AccountDeleted, DeleteMeErrors, Me, MeResponse, MeUpdate, NewEmailCancelled};
use super::errors::{code_required, code_used, too_many_mails, weak_password, wrong_password};
use crate::domain::accounts::Accounts;
use crate::domain::accounts::changes::{self, Change};
use crate::domain::accounts::outcome::{ChangeOutcome, DeletionOutcome};
use crate::domain::sessions::error::LoginError;
use crate::http::contract::auth::{Caller, ProfileScope, SetupScope, bad_token};
use crate::http::contract::error_responses::{AuthConflictErrors, AuthErrors, ErrorResponse};
use crate::http::contract::problem::Problem;
use crate::http::contract::update_json::UpdateJson;
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

    async fn me<S>(&self, caller: &Caller<S>) -> Result<Me, Problem> {
        let profile = self.accounts.view(&caller.signed_in).await?;
        Ok(profile.ok_or_else(bad_token)?.into())
    }
}

#[OpenApi(tag = "ApiTag::Accounts")]
impl MeApi {
    /// Get the caller's account
    #[oai(path = "/auth/me", method = "get", operation_id = "findOwnAccount")]
    async fn find(&self, caller: Caller<SetupScope>) -> Result<MeResponse, ErrorResponse<AuthErrors>> {
        Ok(MeResponse::Found(Json(self.me(&caller).await?)))
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
        body: UpdateJson<MeUpdate, Me>,
    ) -> Result<MeResponse, ErrorResponse<AuthConflictErrors>> {
        let me = self.me(&caller).await?;
        let change = change_of(body, &me)?;
        match self.accounts.change(&caller.signed_in, change, &client).await? {
            ChangeOutcome::Done => Ok(MeResponse::Found(Json(self.me(&caller).await?))),
            ChangeOutcome::Gone => Err(bad_token().into()),
            ChangeOutcome::WrongCredentials => Err(wrong_password().into()),
            ChangeOutcome::CodeRequired => Err(code_required().into()),
            ChangeOutcome::CodeUnverifiable => Err(LoginError::SecondFactorUnavailable.into()),
            ChangeOutcome::CodeUsed => Err(code_used().into()),
            ChangeOutcome::Weak(weakness) => Err(weak_password("new_password", &weakness).into()),
            ChangeOutcome::TooManyAttempts(wait) => Err(LoginError::Throttled(wait).into()),
            ChangeOutcome::CodesBlocked(wait) => Err(LoginError::CodesBlocked(wait).into()),
            ChangeOutcome::TooManyMails(wait) => Err(too_many_mails(wait).into()),
        }
    }

    /// Cancel a change of the address
    ///
    /// Invalidates the link that was sent to the new address. Nothing to cancel is no error.
    #[oai(
        path = "/auth/me/pending-email",
        method = "delete",
        operation_id = "cancelNewAddress"
    )]
    async fn cancel_new_email(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
    ) -> Result<NewEmailCancelled, ErrorResponse<AuthErrors>> {
        self.accounts.cancel_new_email(&caller.signed_in, &client).await?;
        Ok(NewEmailCancelled::Cancelled)
    }

    /// Delete the caller's account
    ///
    /// Revokes its sessions immediately. The last administrator cannot be deleted. Requires a recent sign-in or
    /// `POST /auth/reauthenticate`.
    #[oai(path = "/auth/me", method = "delete", operation_id = "deleteOwnAccount")]
    async fn delete(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
    ) -> Result<AccountDeleted, ErrorResponse<DeleteMeErrors>> {
        match self
            .accounts
            .delete_own_account(&caller.recently_proven()?, &client)
            .await?
        {
            DeletionOutcome::Done => Ok(AccountDeleted::Deleted),
            DeletionOutcome::SignedOut => Err(bad_token().into()),
            DeletionOutcome::LastAdmin => Err(Problem::new(
                StatusCode::CONFLICT,
                "last-administrator",
                "the last administrator cannot be deleted; nothing was changed",
            )
            .into()),
        }
    }
}

fn change_of(body: UpdateJson<MeUpdate, Me>, me: &Me) -> Result<Change, Problem> {
    let (update, sent_back) = (body.update, body.sent_back);
    let mut errors = Vec::new();
    let has_password = update.new_password.is_given();
    let is_given = update.name.is_given() || update.email.is_given() || has_password;
    let name = update.name.optional("name", &mut errors);
    let name = name.and_then(|name| name.change(&me.name, &mut errors));
    let (has_email, email) = (
        update.email.is_given(),
        update.email.optional("email", &mut errors),
    );
    let password = update.new_password.optional("new_password", &mut errors);
    // The current address is no change that needs a proof.
    let has_own_email = email.as_ref().is_some_and(|email| email.as_str() == me.email);
    let needs_current = has_password || (has_email && !has_own_email);
    let current = if needs_current {
        update.current_password.required("current_password", &mut errors)
    } else {
        update.current_password.optional("current_password", &mut errors)
    };
    let code = update.code.optional("code", &mut errors);
    sent_back.report_changes(me, &mut errors);
    if errors.is_empty() && !is_given && sent_back.is_empty() {
        errors.push(FieldError::new(Location::Body, "", "contains no change"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let sensitive = current
        .filter(|_| needs_current)
        .map(|current| changes::SensitiveChange {
            email: email.filter(|_| !has_own_email),
            password: password.map(|password| password.0),
            ..changes::SensitiveChange::authorised_by(current.0, code.map(|code| code.0))
        });
    Ok(Change {
        name,
        cancels_new_email: has_own_email && sent_back.text("pending_email").is_none(),
        sensitive,
    })
}
