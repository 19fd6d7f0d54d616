//! `/auth/me`: one's own account.

use super::dto::{Gone, Leaving, MeAnswer, MyChange};
use super::errors::{too_many, weak};
use crate::domain::accounts::Accounts;
use crate::domain::accounts::changes::{self, Change};
use crate::domain::accounts::outcome::{ChangeOutcome, DeletionOutcome};
use crate::domain::sessions::error::LoginError;
use crate::http::contract::auth::{Caller, Profile, bad_token};
use crate::http::contract::error_responses::{Guarded, GuardedForm, Refusal};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

/// The operations and what they need.
pub struct MeApi {
    accounts: Accounts,
}

impl MeApi {
    /// Over the domain's accounts.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    async fn me(&self, caller: &Caller<Profile>) -> Result<MeAnswer, Problem> {
        let profile = self.accounts.view(&caller.signed_in).await?;
        let profile = profile.ok_or_else(bad_token)?;
        Ok(MeAnswer::Found(Json(profile.into())))
    }
}

#[OpenApi(tag = "ApiTag::Accounts")]
impl MeApi {
    /// One's own account
    #[oai(path = "/auth/me", method = "get", operation_id = "findOwnAccount")]
    async fn find(&self, caller: Caller<Profile>) -> Result<MeAnswer, Refusal<Guarded>> {
        Ok(self.me(&caller).await?)
    }

    /// Change one's own account
    ///
    /// All that is given, or nothing. A new address waits until the link that is mailed to it is used; the old address
    /// is told at once. A new password ends every other session. Both take the current password, and a code where there is
    /// a second factor.
    #[oai(path = "/auth/me", method = "put", operation_id = "changeOwnAccount")]
    async fn change(
        &self,
        caller: Caller<Profile>,
        client: ClientInfo,
        body: StrictJson<MyChange>,
    ) -> Result<MeAnswer, Refusal<GuardedForm>> {
        let change = change_of(body.0)?;
        match self.accounts.change(&caller.signed_in, change, &client).await? {
            ChangeOutcome::Done => Ok(self.me(&caller).await?),
            ChangeOutcome::Gone => Err(bad_token().into()),
            ChangeOutcome::WrongCredentials => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "wrong-password",
                "the current password or the code is not right; nothing was changed",
            )
            .into()),
            ChangeOutcome::CodeRequired => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "second-factor-required",
                "a code of the second factor is needed: send it as `code`; nothing was changed",
            )
            .into()),
            ChangeOutcome::Weak(weakness) => Err(weak("new_password", weakness).into()),
            ChangeOutcome::TooManyAttempts(wait) => Err(LoginError::Throttled(wait).into()),
            ChangeOutcome::TooManyMails(wait) => Err(too_many(wait).into()),
        }
    }

    /// Delete one's own account
    ///
    /// Its sessions end at once. The last administrator cannot leave.
    #[oai(path = "/auth/me", method = "delete", operation_id = "deleteOwnAccount")]
    async fn delete(&self, caller: Caller<Profile>, client: ClientInfo) -> Result<Gone, Refusal<Leaving>> {
        match self
            .accounts
            .delete_own_account(&caller.signed_in, &client)
            .await?
        {
            DeletionOutcome::Done => Ok(Gone::Deleted),
            DeletionOutcome::LastAdmin => Err(Problem::new(
                StatusCode::CONFLICT,
                "last-administrator",
                "there would be no administrator left; nothing was changed",
            )
            .into()),
        }
    }
}

fn change_of(body: MyChange) -> Result<Change, Problem> {
    let mut errors = Vec::new();
    let name = body.name.optional("name", &mut errors);
    let needs_current = body.email.is_given() || body.new_password.is_given();
    let email = body.email.optional("email", &mut errors);
    let password = body.new_password.optional("new_password", &mut errors);
    let current = match needs_current {
        true => body.current_password.required("current_password", &mut errors),
        false => body.current_password.optional("current_password", &mut errors),
    };
    let code = body.code.optional("code", &mut errors);
    if errors.is_empty() && name.is_none() && !needs_current {
        errors.push(FieldError::new(Location::Body, "", "changes nothing"));
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
