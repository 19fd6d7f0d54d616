//! Changing name, address or password. The last two require the current password, and a code if a second factor is
//! enabled: an unattended browser must not be enough.

use super::sign_in::FACTOR_UNAVAILABLE;
use crate::domain::accounts::changes::{Change, SensitiveChange};
use crate::domain::accounts::outcome::ChangeOutcome;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS, TOO_MANY_CODES, TOO_MANY_MAILS};
use crate::http::totp::fields::{CODE_USED, CODES_BLOCKED, TypedCode};
use crate::http::web::cookies::{self, FLASH, SESSION};
use crate::http::web::flash::Flash;
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::FormPage;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SubmittedForm};
use crate::types::client_info::ClientInfo;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

/// The account page.
pub const PATH: &str = "/my/account";

/// The part of the account that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Email,
    Password,
}

/// The form for one part of a member's account.
struct AccountForm<'a> {
    member: &'a Member,
    part: Part,
    /// Whether it asks for a code.
    requires_code: bool,
}

/// The form for the name.
#[handler]
pub async fn show_name(member: Member) -> Result<Response, Problem> {
    let account_form = AccountForm::of_name(&member);
    let mut form = account_form.form();
    form.fill("name", member.signed_in.name());
    account_form.show(form, StatusCode::OK)
}

/// Changes the name.
#[handler]
pub async fn save_name(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["name"], &[])?;
    let account_form = AccountForm::of_name(&member);
    let mut form = account_form.filled(&fields);
    let Some(name) = form.parse(&fields, "name") else {
        return account_form.show(form, StatusCode::BAD_REQUEST);
    };
    let change = Change {
        name: Some(name),
        ..Change::default()
    };
    account_form.submit(&client, web, form, change).await
}

/// The form for the address.
#[handler]
pub async fn show_email(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    ask(&member, web, Part::Email).await
}

/// Requests a change of the address.
#[handler]
pub async fn save_email(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let guarded = |proof, email| SensitiveChange {
        email: Some(email),
        ..proof
    };
    save(&member, &client, submitted, web, Part::Email, guarded).await
}

/// The form for the password.
#[handler]
pub async fn show_password(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    ask(&member, web, Part::Password).await
}

/// Changes the password.
#[handler]
pub async fn save_password(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let guarded = |proof, password: SecretText| SensitiveChange {
        password: Some(password.0),
        ..proof
    };
    save(&member, &client, submitted, web, Part::Password, guarded).await
}

async fn ask(member: &Member, web: &Web, part: Part) -> Result<Response, Problem> {
    let account_form = AccountForm::guarded(member, web, part).await?;
    account_form.show(account_form.form(), StatusCode::OK)
}

async fn save<T: FieldValue>(
    member: &Member,
    client: &ClientInfo,
    submitted: SubmittedForm,
    web: &Web,
    part: Part,
    guarded: impl FnOnce(SensitiveChange, T) -> SensitiveChange,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &[part.field(), "current"], &["code"])?;
    let account_form = AccountForm::guarded(member, web, part).await?;
    let mut form = account_form.filled(&fields);
    let new = form.parse_non_empty::<T>(&fields, part.field());
    let current = form.parse_non_empty::<SecretText>(&fields, "current");
    let code = if account_form.requires_code {
        form.parse::<TypedCode>(&fields, "code")
    } else {
        None
    };
    let (Some(new), Some(current), []) = (new, current, form.errors.as_slice()) else {
        return account_form.show(form, StatusCode::BAD_REQUEST);
    };
    let proof = SensitiveChange::authorised_by(current.0, code.map(|code| code.0));
    let change = Change {
        sensitive: Some(guarded(proof, new)),
        ..Change::default()
    };
    account_form.submit(client, web, form, change).await
}

impl Part {
    /// The field with the new value.
    fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Password => "password",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Name => "Change your name",
            Self::Email => "Change your address",
            Self::Password => "Change your password",
        }
    }

    fn flash(self) -> Flash {
        match self {
            Self::Name => Flash::Saved,
            Self::Email => Flash::EmailRequested,
            Self::Password => Flash::PasswordChanged,
        }
    }
}

impl<'a> AccountForm<'a> {
    fn of_name(member: &'a Member) -> Self {
        Self {
            member,
            part: Part::Name,
            requires_code: false,
        }
    }

    async fn guarded(member: &'a Member, web: &Web, part: Part) -> Result<Self, Problem> {
        let state = web.sessions().second_factor_status(&member.signed_in).await?;
        Ok(Self {
            member,
            part,
            requires_code: state.enabled,
        })
    }

    async fn submit(
        mut self,
        client: &ClientInfo,
        web: &Web,
        mut form: Form,
        change: Change,
    ) -> Result<Response, Problem> {
        match web
            .accounts()
            .change(&self.member.signed_in, change, client)
            .await?
        {
            ChangeOutcome::Done => {
                let mut response = see_other(PATH);
                cookies::set(&mut response, FLASH, self.part.flash().as_str());
                if self.part == Part::Password
                    && let Some(cookie) = web.sessions().replace_cookie(&self.member.signed_in).await?
                {
                    cookies::set(&mut response, SESSION, cookie.reveal());
                }
                Ok(response)
            }
            ChangeOutcome::Gone => Ok(see_other("/sign-in")),
            ChangeOutcome::WrongCredentials if self.requires_code => {
                form.reject(
                    "Nothing was changed",
                    "The current password or the code is wrong.",
                );
                self.show(form, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::WrongCredentials => {
                form.reject_field("current", "is wrong");
                self.show(form, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::CodeRequired => {
                // The second factor was enabled since the form was shown.
                self.requires_code = true;
                let mut second = self.form();
                second.copy_values_from(form);
                self.show(second, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::CodeUnverifiable => {
                form.reject("Nothing was changed", FACTOR_UNAVAILABLE);
                self.show(form, StatusCode::CONFLICT)
            }
            ChangeOutcome::CodeUsed => {
                form.reject_field("code", CODE_USED);
                self.show(form, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::Weak(weakness) => {
                form.reject_field("password", &weakness.to_string());
                self.show(form, StatusCode::BAD_REQUEST)
            }
            ChangeOutcome::TooManyAttempts(wait) => {
                form.reject_for("Too many attempts", wait);
                self.page(form)
                    .show_retry_after(self.member, TOO_MANY_ATTEMPTS, wait)
            }
            ChangeOutcome::CodesBlocked(wait) => {
                form.reject_for(CODES_BLOCKED, wait);
                self.page(form)
                    .show_retry_after(self.member, TOO_MANY_CODES, wait)
            }
            ChangeOutcome::TooManyMails(wait) => {
                form.reject_for("Too many mails", wait);
                self.page(form)
                    .show_retry_after(self.member, TOO_MANY_MAILS, wait)
            }
        }
    }

    fn form(&self) -> Form {
        let current = Input::secret("current", "Current password", "current-password");
        let (action, submit, mut inputs) = match self.part {
            Part::Name => {
                let name = Input::text("name", "Your name", 200).with_autocomplete("name");
                ("/my/account/name", "Save", vec![name])
            }
            Part::Email => {
                let email = Input::email("email")
                    .with_hint("We send a link to the new address. It takes effect when you open the link");
                ("/my/account/email", "Send the link", vec![email, current])
            }
            Part::Password => {
                let password = Input::replacement_password();
                ("/my/account/password", "Change password", vec![current, password])
            }
        };
        if self.requires_code {
            inputs.push(Input::code());
        }
        Form::new(action, self.member.csrf(), submit, inputs)
            .with_username(self.member.signed_in.email())
            .with_back(PATH, "Cancel")
    }

    fn filled(&self, fields: &Fields) -> Form {
        let mut form = self.form();
        form.refill(fields);
        form
    }

    fn page(&self, form: Form) -> FormPage {
        FormPage::new(self.member, self.part.title(), form)
    }

    fn show(&self, form: Form, status: StatusCode) -> Result<Response, Problem> {
        self.page(form).show(self.member, status)
    }
}
