//! Account operations without authentication: registration, confirmation, password reset, invitation. Whether an address
//! has an account is disclosed only by mail to that address.

/// Bodies of requests and responses.
mod dto;

/// Problems of account operations.
pub mod errors;

/// Fields of accounts.
pub mod fields;

/// The caller's own account.
pub mod me;

use crate::domain::accounts::Accounts;
use crate::domain::accounts::outcome::{
    ChangeEmailOutcome, LinkOutcome, MailRequestOutcome, RegistrationOutcome, SetPasswordOutcome,
    UndoEmailOutcome,
};
use crate::domain::accounts::registration::Registration;
use crate::domain::sessions::error::LoginError;
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::ErrorResponse;
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use dto::{
    ChangeEmailErrors, ConfirmErrors, ConfirmationRequest, EmailRequest, InvitationAcceptance, LinkRequest,
    LinkUsed, MailRequested, PasswordResetRequest, RegisterErrors, RegistrationRequest, RequestMailErrors,
    UseLinkErrors,
};
use errors::{address_taken, too_many_mails, unknown_link, weak_password};
use http::StatusCode;
use poem_openapi::OpenApi;

/// The operations.
pub struct AccountsApi {
    accounts: Accounts,
}

impl AccountsApi {
    /// Operations on these accounts.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[OpenApi(tag = "ApiTag::Accounts")]
impl AccountsApi {
    /// Register
    ///
    /// Creates an unconfirmed account and sends a confirmation link to the address. If the address already has an account,
    /// it receives a different mail; status, body and response time are the same.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<RegistrationRequest>,
    ) -> Result<MailRequested, ErrorResponse<RegisterErrors>> {
        let mut errors = Vec::new();
        let name = body.0.name.required("name", &mut errors);
        let email = body.0.email.required("email", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(name), Some(email), Some(password), []) = (name, email, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let password = password.0;
        let registration = Registration {
            name,
            email,
            password,
        };
        match self.accounts.register(registration, &client).await? {
            RegistrationOutcome::Accepted => Ok(MailRequested::accepted(
                "a mail with further instructions is on its way to the address",
            )),
            RegistrationOutcome::Closed => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "registration-closed",
                "registration is by invitation only; ask an administrator for an invitation",
            )
            .into()),
            RegistrationOutcome::Weak(weakness) => Err(weak_password("password", &weakness).into()),
            RegistrationOutcome::Wait(wait) => Err(too_many_mails(wait).into()),
        }
    }

    /// Confirm an address
    ///
    /// Uses the link from the registration mail and activates the account. Requires the password that was chosen, because
    /// someone else may have registered the address; the owner of the address can choose one by a password reset.
    #[oai(path = "/auth/confirm", method = "post", operation_id = "confirmAccount")]
    async fn confirm(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<ConfirmationRequest>,
    ) -> Result<LinkUsed, ErrorResponse<ConfirmErrors>> {
        let mut errors = Vec::new();
        let token = body.0.token.required("token", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(token), Some(password), []) = (token, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        match self.accounts.confirm_email(&token.0, password.0, &client).await? {
            LinkOutcome::Done => Ok(LinkUsed::with("the address is confirmed; you can sign in")),
            LinkOutcome::NoSuchLink => Err(unknown_link().into()),
            LinkOutcome::WrongPassword => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "wrong-password",
                "the password is not the one that was chosen for this address; reset it at /auth/forgot",
            )
            .into()),
            LinkOutcome::TooManyAttempts(wait) => Err(LoginError::Throttled(wait).into()),
        }
    }

    /// Resend the confirmation mail
    ///
    /// Invalidates the earlier link. The response is the same for every address.
    #[oai(path = "/auth/resend", method = "post", operation_id = "resendConfirmation")]
    async fn resend(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<EmailRequest>,
    ) -> Result<MailRequested, ErrorResponse<RequestMailErrors>> {
        let email = email_of(body.0)?;
        mail_requested(self.accounts.resend_mail(email, &client).await?)
    }

    /// Request a password reset
    ///
    /// Sends a link to the address if it has an account. The link is valid once, for 30 minutes. The response is the same
    /// for every address.
    #[oai(path = "/auth/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<EmailRequest>,
    ) -> Result<MailRequested, ErrorResponse<RequestMailErrors>> {
        let email = email_of(body.0)?;
        mail_requested(self.accounts.request_password_reset(email, &client).await?)
    }

    /// Reset the password
    ///
    /// Uses the link from the password reset mail. Revokes every session of the account and notifies its owner by mail.
    #[oai(path = "/auth/reset", method = "post", operation_id = "resetPassword")]
    async fn reset(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<PasswordResetRequest>,
    ) -> Result<LinkUsed, ErrorResponse<UseLinkErrors>> {
        let mut errors = Vec::new();
        let token = body.0.token.required("token", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(token), Some(password), []) = (token, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let outcome = self
            .accounts
            .reset_password(&token.0, password.0, &client)
            .await?;
        password_set(outcome, "the password is set; sign in with it")
    }

    /// Accept an invitation
    ///
    /// Uses the link from the invitation mail, sets name and password, and activates the account.
    #[oai(path = "/auth/invitation", method = "post", operation_id = "acceptInvitation")]
    async fn accept(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<InvitationAcceptance>,
    ) -> Result<LinkUsed, ErrorResponse<UseLinkErrors>> {
        let mut errors = Vec::new();
        let token = body.0.token.required("token", &mut errors);
        let name = body.0.name.required("name", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(token), Some(name), Some(password), []) = (token, name, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let outcome = self
            .accounts
            .accept_invitation(&token.0, name, password.0, &client)
            .await?;
        password_set(outcome, "the invitation is accepted; you can sign in")
    }

    /// Confirm a new address
    ///
    /// Uses the link that was sent to the new address, which then replaces the address of the account.
    #[oai(
        path = "/auth/change-email",
        method = "post",
        operation_id = "proveNewAddress"
    )]
    async fn change_email(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<LinkRequest>,
    ) -> Result<LinkUsed, ErrorResponse<ChangeEmailErrors>> {
        let token = token_of(body.0)?;
        match self.accounts.change_email(&token, &client).await? {
            ChangeEmailOutcome::Done => Ok(LinkUsed::with("the new address of the account is confirmed")),
            ChangeEmailOutcome::NoSuchLink => Err(unknown_link().into()),
            ChangeEmailOutcome::Taken => Err(address_taken().into()),
        }
    }

    /// Undo a change of the address
    ///
    /// Uses the link that was sent to the former address: cancels a pending change, or restores the address and revokes every
    /// session of the account.
    #[oai(path = "/auth/undo-email", method = "post", operation_id = "undoNewAddress")]
    async fn undo_email(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<LinkRequest>,
    ) -> Result<LinkUsed, ErrorResponse<ChangeEmailErrors>> {
        let token = token_of(body.0)?;
        match self.accounts.undo_email(&token, &client).await? {
            UndoEmailOutcome::Cancelled => Ok(LinkUsed::with("the account keeps its address")),
            UndoEmailOutcome::Restored => Ok(LinkUsed::with(
                "the account has its former address again; choose a new password",
            )),
            UndoEmailOutcome::NoSuchLink => Err(unknown_link().into()),
            UndoEmailOutcome::Taken => Err(address_taken().into()),
        }
    }
}

fn token_of(link: LinkRequest) -> Result<String, Problem> {
    let mut errors = Vec::new();
    let token = link.token.required("token", &mut errors);
    token.map(|token| token.0).ok_or_else(|| Problem::invalid(errors))
}

fn email_of(request: EmailRequest) -> Result<Email, Problem> {
    let mut errors = Vec::new();
    let email = request.email.required("email", &mut errors);
    email.ok_or_else(|| Problem::invalid(errors))
}

fn mail_requested(outcome: MailRequestOutcome) -> Result<MailRequested, ErrorResponse<RequestMailErrors>> {
    match outcome {
        MailRequestOutcome::Accepted => Ok(MailRequested::accepted(
            "if the address has an account, a mail is on its way to it",
        )),
        MailRequestOutcome::Wait(wait) => Err(too_many_mails(wait).into()),
    }
}

fn password_set(
    outcome: SetPasswordOutcome,
    message: &str,
) -> Result<LinkUsed, ErrorResponse<UseLinkErrors>> {
    match outcome {
        SetPasswordOutcome::Done => Ok(LinkUsed::with(message)),
        SetPasswordOutcome::NoSuchLink => Err(unknown_link().into()),
        SetPasswordOutcome::Weak(weakness) => Err(weak_password("password", &weakness).into()),
    }
}
