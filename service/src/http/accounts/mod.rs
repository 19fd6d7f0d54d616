//! Accounts of people who are not signed in: registering, proving an address, a forgotten password, an invitation. Who

//! has an account is told to nobody but the reader of its mails.

/// Bodies of requests and responses.
mod dto;

/// Problems of account operations.
pub mod errors;

/// Fields of accounts.
pub mod fields;

/// The caller's own account.
pub mod me;

use crate::domain::accounts::registration;
use crate::domain::accounts::{Accounts, outcome};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::Refusal;
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use dto::{Acceptance, Address, Asked, Asking, Done, Link, Proving, Registering, Registration, Reset, Using};
use errors::{no_such_link, too_many, weak};
use http::StatusCode;
use poem_openapi::OpenApi;

/// The operations and what they need.
pub struct AccountsApi {
    accounts: Accounts,
}

impl AccountsApi {
    /// Over the domain's accounts.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[OpenApi(tag = "ApiTag::Accounts")]
impl AccountsApi {
    /// Register
    ///
    /// Makes an account that waits for its address to be proven: a mail with a link goes to it. An address that has an
    /// account already gets another mail; status, body and time of the answer are the same.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Registration>,
    ) -> Result<Asked, Refusal<Registering>> {
        let mut errors = Vec::new();
        let name = body.0.name.required("name", &mut errors);
        let email = body.0.email.required("email", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(name), Some(email), Some(password), []) = (name, email, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let password = password.0;
        let new = registration::Registration {
            name,
            email,
            password,
        };
        match self.accounts.register(new, &client).await? {
            outcome::RegistrationOutcome::Accepted => Ok(Asked::accepted(
                "a mail is on its way to the address: it says how to go on",
            )),
            outcome::RegistrationOutcome::Closed => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "registration-closed",
                "nobody can register here now: ask an administrator for an invitation",
            )
            .into()),
            outcome::RegistrationOutcome::Weak(weakness) => Err(weak("password", weakness).into()),
            outcome::RegistrationOutcome::Wait(wait) => Err(too_many(wait).into()),
        }
    }

    /// Prove an address
    ///
    /// Uses the link of a registration's mail: from now on its owner may sign in.
    #[oai(path = "/auth/confirm", method = "post", operation_id = "confirmAccount")]
    async fn confirm(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Link>,
    ) -> Result<Done, Refusal<Using>> {
        let token = token_of(body.0)?;
        match self.accounts.confirm_email(&token, &client).await? {
            outcome::LinkOutcome::Done => Ok(Done::told("the address is proven: you can sign in")),
            outcome::LinkOutcome::NoSuchLink => Err(no_such_link().into()),
        }
    }

    /// Ask for the mail of a registration again
    ///
    /// The link in the older mail is void. The answer is the same for every address.
    #[oai(path = "/auth/resend", method = "post", operation_id = "resendConfirmation")]
    async fn resend(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Address>,
    ) -> Result<Asked, Refusal<Asking>> {
        let email = email_of(body.0)?;
        asked(self.accounts.resend_mail(email, &client).await?)
    }

    /// Ask for a new password
    ///
    /// A mail with a link goes to the address, if it has an account: it can be used once, for half an hour. The answer is
    /// the same for every address.
    #[oai(path = "/auth/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Address>,
    ) -> Result<Asked, Refusal<Asking>> {
        let email = email_of(body.0)?;
        asked(self.accounts.request_password_reset(email, &client).await?)
    }

    /// Set a new password
    ///
    /// Uses the link of the mail that was asked for. Every session ends, and a mail tells of the change.
    #[oai(path = "/auth/reset", method = "post", operation_id = "resetPassword")]
    async fn reset(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Reset>,
    ) -> Result<Done, Refusal<Using>> {
        let mut errors = Vec::new();
        let token = body.0.token.required("token", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(token), Some(password), []) = (token, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let set = self
            .accounts
            .reset_password(&token.0, password.0, &client)
            .await?;
        password_set(set, "the password is set: sign in with it")
    }

    /// Accept an invitation
    ///
    /// Uses the link of an invitation's mail: the account gets a name and a password, and its owner may sign in.
    #[oai(path = "/auth/invitation", method = "post", operation_id = "acceptInvitation")]
    async fn accept(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Acceptance>,
    ) -> Result<Done, Refusal<Using>> {
        let mut errors = Vec::new();
        let token = body.0.token.required("token", &mut errors);
        let name = body.0.name.required("name", &mut errors);
        let password = body.0.password.required("password", &mut errors);
        let (Some(token), Some(name), Some(password), []) = (token, name, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let set = self
            .accounts
            .accept_invitation(&token.0, name, password.0, &client)
            .await?;
        password_set(set, "the invitation is accepted: you can sign in")
    }

    /// Prove a new address
    ///
    /// Uses the link that went to the new address of an account: from now on it is the account's.
    #[oai(
        path = "/auth/change-email",
        method = "post",
        operation_id = "proveNewAddress"
    )]
    async fn change_email(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Link>,
    ) -> Result<Done, Refusal<Proving>> {
        let token = token_of(body.0)?;
        match self.accounts.change_email(&token, &client).await? {
            outcome::ChangeEmailOutcome::Done => Ok(Done::told("the account has its new address")),
            outcome::ChangeEmailOutcome::NoSuchLink => Err(no_such_link().into()),
            outcome::ChangeEmailOutcome::Taken => Err(Problem::new(
                StatusCode::CONFLICT,
                "address-taken",
                "another account has this address; nothing was changed",
            )
            .into()),
        }
    }
}

fn token_of(link: Link) -> Result<String, Problem> {
    let mut errors = Vec::new();
    let token = link.token.required("token", &mut errors);
    token.map(|token| token.0).ok_or_else(|| Problem::invalid(errors))
}

fn email_of(address: Address) -> Result<Email, Problem> {
    let mut errors = Vec::new();
    let email = address.email.required("email", &mut errors);
    email.ok_or_else(|| Problem::invalid(errors))
}

fn asked(asked: outcome::MailRequestOutcome) -> Result<Asked, Refusal<Asking>> {
    match asked {
        outcome::MailRequestOutcome::Accepted => Ok(Asked::accepted(
            "if there is such an account, a mail is on its way to it",
        )),
        outcome::MailRequestOutcome::Wait(wait) => Err(too_many(wait).into()),
    }
}

fn password_set(set: outcome::SetPasswordOutcome, done: &str) -> Result<Done, Refusal<Using>> {
    match set {
        outcome::SetPasswordOutcome::Done => Ok(Done::told(done)),
        outcome::SetPasswordOutcome::NoSuchLink => Err(no_such_link().into()),
        outcome::SetPasswordOutcome::Weak(weakness) => Err(weak("password", weakness).into()),
    }
}
