//! The second factor of a member: setting it up, new recovery codes, removing it. Secret and recovery codes are shown once, in
//! the response that creates them.

use super::account_form::PATH;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::second_factor::{ConfirmationOutcome, FactorChangeOutcome, SetupOutcome};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS, TOO_MANY_CODES};
use crate::http::totp::dto::{RecoveryCodes, TotpSetup};
use crate::http::totp::fields::{CODE_USED, CODES_BLOCKED, TypedCode, TypedTotpCode};
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::flash::Flash;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::FormPage;
use crate::http::web::form::{Form, Tone};
use crate::http::web::page_frame::PageFrame;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SECOND_FACTOR, SetupMember, SubmittedForm};
use crate::types::client_info::ClientInfo;
use askama::Template;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const CONFIRM: &str = "/my/account/second-factor/confirm";
const RENEW: &str = "/my/account/second-factor/codes";
const REMOVE: &str = "/my/account/second-factor/remove";

const INTRO: &str =
    "With a second factor, signing in requires a code of an authenticator app besides your password.";
const REQUIRED_INTRO: &str = "Your role requires a second factor: a code of an authenticator app besides your password. Set it up to continue.";

/// The secret for the app, and the form for its first code.
#[derive(Template)]
#[template(path = "web/second_factor_setup.html")]
struct SetupPage {
    frame: PageFrame,
    setup: TotpSetup,
    form: Form,
}

/// New recovery codes.
#[derive(Template)]
#[template(path = "web/recovery_codes.html")]
struct RecoveryCodesPage {
    frame: PageFrame,
    codes: Vec<String>,
}

/// The form that starts the set-up, or the account page if there is a second factor.
#[handler]
pub async fn show(SetupMember(member): SetupMember, Data(web): Data<&Web>) -> Result<Response, Problem> {
    if web
        .sessions()
        .second_factor_status(&member.signed_in)
        .await?
        .enabled
    {
        return Ok(see_other(PATH));
    }
    start_page(&member, start_form(&member)).show(&member, StatusCode::OK)
}

/// Starts the set-up and shows the secret.
#[handler]
pub async fn start(
    SetupMember(member): SetupMember,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["current"], &[])?;
    let mut form = start_form(&member);
    let Some(password) = form.parse_non_empty::<SecretText>(&fields, "current") else {
        return start_page(&member, form).show(&member, StatusCode::BAD_REQUEST);
    };
    let who = &member.signed_in;
    match web.sessions().start_second_factor(who, password.0, &client).await {
        Ok(SetupOutcome::Secret(secret)) => {
            let page = SetupPage {
                frame: member.frame(),
                setup: TotpSetup::of(&secret, who.email()),
                form: code_form(&member),
            };
            member.show(StatusCode::OK, &page)
        }
        Ok(SetupOutcome::AlreadyEnabled) => Ok(see_other(PATH)),
        Err(error) => reject(&member, start_page, form, error),
    }
}

/// Enables the second factor by its first code and shows the recovery codes.
#[handler]
pub async fn confirm(
    SetupMember(member): SetupMember,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["code"], &[])?;
    let mut form = code_form(&member);
    let Some(code) = form.parse::<TypedTotpCode>(&fields, "code") else {
        return code_page(&member, form).show(&member, StatusCode::BAD_REQUEST);
    };
    let who = &member.signed_in;
    match web.sessions().confirm_second_factor(who, code.0, &client).await {
        Ok(ConfirmationOutcome::Done(codes)) => show_codes(&member, codes.into()),
        Ok(ConfirmationOutcome::WrongCode) => {
            form.reject_field("code", "is wrong: check that the clock of your device is correct");
            code_page(&member, form).show(&member, StatusCode::FORBIDDEN)
        }
        Ok(ConfirmationOutcome::NotStarted) => {
            let mut form = start_form(&member);
            form.reject(
                "Start again",
                "The set-up was started too long ago, or in another browser.",
            );
            start_page(&member, form).show(&member, StatusCode::CONFLICT)
        }
        Err(error) => reject(&member, code_page, form, error),
    }
}

/// Asks for password and code before new recovery codes are issued.
#[handler]
pub async fn show_renew(member: Member) -> Result<Response, Problem> {
    renew_page(&member, renew_form(&member)).show(&member, StatusCode::OK)
}

/// Replaces the recovery codes.
#[handler]
pub async fn renew(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["current", "code"], &[])?;
    let mut form = renew_form(&member);
    let password = form.parse_non_empty::<SecretText>(&fields, "current");
    let code = form.parse::<TypedCode>(&fields, "code");
    let (Some(password), Some(code)) = (password, code) else {
        return renew_page(&member, form).show(&member, StatusCode::BAD_REQUEST);
    };
    let renewed = web
        .sessions()
        .renew_recovery_codes(&member.signed_in, password.0, code.0, &client);
    match renewed.await {
        Ok(FactorChangeOutcome::Done(codes)) => show_codes(&member, codes.into()),
        Ok(FactorChangeOutcome::NotEnabled) => Ok(see_other(SECOND_FACTOR)),
        Err(error) => reject(&member, renew_page, form, error),
    }
}

/// Asks for password and code before the second factor is removed.
#[handler]
pub async fn show_remove(member: Member) -> Result<Response, Problem> {
    remove_page(&member, remove_form(&member)).show(&member, StatusCode::OK)
}

/// Removes the second factor.
#[handler]
pub async fn remove(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["current", "code"], &[])?;
    let mut form = remove_form(&member);
    let password = form.parse_non_empty::<SecretText>(&fields, "current");
    let code = form.parse::<TypedCode>(&fields, "code");
    let (Some(password), Some(code)) = (password, code) else {
        return remove_page(&member, form).show(&member, StatusCode::BAD_REQUEST);
    };
    let removed = web
        .sessions()
        .remove_second_factor(&member.signed_in, password.0, code.0, &client);
    match removed.await {
        Ok(FactorChangeOutcome::Done(())) => {
            let mut response = see_other(PATH);
            cookies::set(&mut response, FLASH, Flash::SecondFactorRemoved.as_str());
            Ok(response)
        }
        Ok(FactorChangeOutcome::NotEnabled) => Ok(see_other(PATH)),
        Err(error) => reject(&member, remove_page, form, error),
    }
}

/// The form again, with the reason why the credentials were rejected.
fn reject(
    member: &Member,
    page: fn(&Member, Form) -> FormPage,
    mut form: Form,
    error: LoginError,
) -> Result<Response, Problem> {
    match error {
        LoginError::InvalidCredentials => {
            let text = "The current password or the code is wrong.";
            form.reject("Nothing was changed", text);
            page(member, form).show(member, StatusCode::FORBIDDEN)
        }
        LoginError::CodeUsed => {
            form.reject_field("code", CODE_USED);
            page(member, form).show(member, StatusCode::FORBIDDEN)
        }
        LoginError::CodesBlocked(wait) => {
            form.reject_for(CODES_BLOCKED, wait);
            page(member, form).show_retry_after(member, TOO_MANY_CODES, wait)
        }
        LoginError::Throttled(wait) => {
            form.reject_for("Too many attempts", wait);
            page(member, form).show_retry_after(member, TOO_MANY_ATTEMPTS, wait)
        }
        other => Err(other.into()),
    }
}

fn show_codes(member: &Member, codes: RecoveryCodes) -> Result<Response, Problem> {
    let page = RecoveryCodesPage {
        frame: member.frame(),
        codes: codes.recovery_codes,
    };
    member.show(StatusCode::OK, &page)
}

fn current() -> Input {
    Input::secret("current", "Current password", "current-password")
}

fn guarded(member: &Member, action: &'static str, submit: &'static str, inputs: Vec<Input>) -> Form {
    Form::new(action, member.csrf(), submit, inputs).with_username(member.signed_in.email())
}

fn start_form(member: &Member) -> Form {
    guarded(member, SECOND_FACTOR, "Continue", vec![current()])
}

fn start_page(member: &Member, form: Form) -> FormPage {
    let is_required = member.signed_in.must_set_up_second_factor();
    let intro = if is_required { REQUIRED_INTRO } else { INTRO };
    FormPage::new(member, "Set up a second factor", form).with_intro(intro)
}

fn code_form(member: &Member) -> Form {
    let code = Input::code().with_hint("The six digits that the app shows now");
    Form::new(CONFIRM, member.csrf(), "Confirm", vec![code]).with_back(SECOND_FACTOR, "Start again")
}

fn code_page(member: &Member, form: Form) -> FormPage {
    FormPage::new(member, "Confirm the second factor", form).with_intro(
        "The key stays valid: enter the code that your app shows now, or start again with a new key.",
    )
}

fn renew_form(member: &Member) -> Form {
    guarded(member, RENEW, "Replace the codes", vec![current(), Input::code()]).with_back(PATH, "Cancel")
}

fn renew_page(member: &Member, form: Form) -> FormPage {
    FormPage::new(member, "Replace your recovery codes", form)
        .with_intro("You get ten new recovery codes. The earlier ones become invalid.")
}

fn remove_form(member: &Member) -> Form {
    guarded(member, REMOVE, "Remove", vec![current(), Input::code()])
        .with_tone(Tone::Danger)
        .with_back(PATH, "Cancel")
}

fn remove_page(member: &Member, form: Form) -> FormPage {
    FormPage::new(member, "Remove your second factor", form)
        .with_intro("Signing in will require only your password. You will be signed out everywhere else.")
}
