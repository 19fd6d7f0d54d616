//! The fields of a form whose action needs a recent proof of the member's identity: none shortly after signing in, else the
//! password, and a code where a second factor is enabled.

use crate::domain::sessions::caller::RecentlyProven;
use crate::domain::sessions::error::LoginError;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS, TOO_MANY_CODES};
use crate::http::totp::fields::{CODE_USED, CODES_BLOCKED, TypedCode};
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::FormPage;
use crate::http::web::state::Web;
use crate::http::web::visitor::Member;
use crate::types::client_info::ClientInfo;
use http::StatusCode;
use poem::Response;
use std::time::Duration;

/// What a form asks for.
pub struct IdentityProof<'a> {
    member: &'a Member,
    web: &'a Web,
    recent: Option<RecentlyProven>,
    requires_code: bool,
}

/// Why the form is shown again, with its errors.
pub enum ProofRejection {
    /// A field is missing or wrong.
    Status(StatusCode),
    /// Too many attempts or codes; retry after this long.
    Wait(&'static str, Duration),
}

impl<'a> IdentityProof<'a> {
    /// The fields that a form may submit.
    pub const FIELDS: &'static [&'static str] = &["current", "code"];

    /// What the member's session lacks.
    pub async fn of(member: &'a Member, web: &'a Web) -> Result<Self, Problem> {
        let recent = member.signed_in.as_recently_proven();
        let requires_code = match recent {
            Some(_) => false,
            None => {
                web.sessions()
                    .second_factor_status(&member.signed_in)
                    .await?
                    .enabled
            }
        };
        Ok(Self {
            member,
            web,
            recent,
            requires_code,
        })
    }

    /// The fields of the form.
    pub fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        if self.recent.is_none() {
            inputs.push(Input::secret("current", "Current password", "current-password"));
        }
        if self.requires_code {
            inputs.push(Input::code());
        }
        inputs
    }

    /// Verifies the submitted fields, and reports errors in the form.
    pub async fn verify(
        self,
        fields: &Fields,
        form: &mut Form,
        client: &ClientInfo,
    ) -> Result<Result<RecentlyProven, ProofRejection>, Problem> {
        if let Some(recent) = self.recent {
            return Ok(Ok(recent));
        }
        let current = form.parse_non_empty::<SecretText>(fields, "current");
        let code = if self.requires_code {
            form.parse::<TypedCode>(fields, "code")
        } else {
            None
        };
        let (Some(current), []) = (current, form.errors.as_slice()) else {
            return Ok(Err(ProofRejection::Status(StatusCode::BAD_REQUEST)));
        };
        let code = code.map(|code| code.0);
        let sessions = self.web.sessions();
        let proof = sessions.reauthenticate(&self.member.signed_in, current.0, code, client);
        match proof.await {
            Ok(recent) => Ok(Ok(recent)),
            Err(error) => ProofRejection::of(error, form).map(Err),
        }
    }
}

impl ProofRejection {
    /// Reports in the form why its credentials were rejected.
    pub fn of(error: LoginError, form: &mut Form) -> Result<Self, Problem> {
        match error {
            LoginError::InvalidCredentials => {
                if form.has_input("code") {
                    let text = "The current password or the code is wrong.";
                    form.reject("Nothing was changed", text);
                } else {
                    form.reject_field("current", "is wrong");
                }
                Ok(Self::Status(StatusCode::FORBIDDEN))
            }
            LoginError::CodeUsed => {
                form.reject_field("code", CODE_USED);
                Ok(Self::Status(StatusCode::FORBIDDEN))
            }
            LoginError::CodesBlocked(wait) => {
                form.reject_for(CODES_BLOCKED, wait);
                Ok(Self::Wait(TOO_MANY_CODES, wait))
            }
            LoginError::Throttled(wait) => {
                form.reject_for("Too many attempts", wait);
                Ok(Self::Wait(TOO_MANY_ATTEMPTS, wait))
            }
            error => Err(error.into()),
        }
    }

    /// Shows the form again.
    pub fn show(self, page: &FormPage, member: &Member) -> Result<Response, Problem> {
        match self {
            Self::Status(status) => page.show(member, status),
            Self::Wait(kind, wait) => page.show_retry_after(member, kind, wait),
        }
    }
}
