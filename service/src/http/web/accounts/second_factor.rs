//! The second factor of a member: setting it up, new recovery codes, removing it. Secret and recovery codes are shown once, in
//! the response that creates them.

use super::account_form::PATH;
use super::identity_proof::ProofRejection;
use crate::crypto::one_time_code::OneTimeCode;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::second_factor::{ConfirmationOutcome, FactorChangeOutcome, SetupOutcome};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::Problem;
use crate::http::totp::dto::{RecoveryCodes, TotpSetup};
use crate::http::totp::fields::{TypedCode, TypedTotpCode};
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
use secrecy::SecretString;

const CONFIRM: &str = "/my/account/second-factor/confirm";

const RENEW: ChangePage = ChangePage {
    path: "/my/account/second-factor/codes",
    submit: "Replace the codes",
    tone: Tone::Plain,
    title: "Replace your recovery codes",
    intro: "You get ten new recovery codes. The earlier ones become invalid.",
};

const REMOVE: ChangePage = ChangePage {
    path: "/my/account/second-factor/remove",
    submit: "Remove",
    tone: Tone::Danger,
    title: "Remove your second factor",
    intro: "Signing in will require only your password. You will be signed out everywhere else.",
};

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

/// A page that changes an enabled second factor and asks for the password and a code.
struct ChangePage {
    path: &'static str,
    submit: &'static str,
    tone: Tone,
    title: &'static str,
    intro: &'static str,
}

/// The change, or the response if it was not made.
enum ChangeResult<T> {
    Done(T),
    Response(Response),
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
        Err(error) => ProofRejection::of(error, &mut form)?.show(&start_page(&member, form), &member),
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
        Err(error) => ProofRejection::of(error, &mut form)?.show(&code_page(&member, form), &member),
    }
}

/// Asks for password and code before new recovery codes are issued.
#[handler]
pub async fn show_renew(member: Member) -> Result<Response, Problem> {
    RENEW.show(&member)
}

/// Replaces the recovery codes.
#[handler]
pub async fn renew(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let (sessions, who) = (web.sessions(), &member.signed_in);
    let renew = |password, code| sessions.renew_recovery_codes(who, password, code, &client);
    match RENEW.submit(&member, submitted, renew).await? {
        ChangeResult::Done(codes) => show_codes(&member, codes.into()),
        ChangeResult::Response(response) => Ok(response),
    }
}

/// Asks for password and code before the second factor is removed.
#[handler]
pub async fn show_remove(member: Member) -> Result<Response, Problem> {
    REMOVE.show(&member)
}

/// Removes the second factor.
#[handler]
pub async fn remove(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let (sessions, who) = (web.sessions(), &member.signed_in);
    let remove = |password, code| sessions.remove_second_factor(who, password, code, &client);
    match REMOVE.submit(&member, submitted, remove).await? {
        ChangeResult::Done(()) => {
            let mut response = see_other(PATH);
            cookies::set(&mut response, FLASH, Flash::SecondFactorRemoved.as_str());
            Ok(response)
        }
        ChangeResult::Response(response) => Ok(response),
    }
}

impl ChangePage {
    fn show(&self, member: &Member) -> Result<Response, Problem> {
        self.page(member, self.form(member)).show(member, StatusCode::OK)
    }

    /// Passes password and code to the change.
    async fn submit<T, F>(
        &self,
        member: &Member,
        submitted: SubmittedForm,
        change: impl FnOnce(SecretString, OneTimeCode) -> F,
    ) -> Result<ChangeResult<T>, Problem>
    where
        F: Future<Output = Result<FactorChangeOutcome<T>, LoginError>>,
    {
        let fields = member.open(submitted, &["current", "code"], &[])?;
        let mut form = self.form(member);
        let password = form.parse_non_empty::<SecretText>(&fields, "current");
        let code = form.parse::<TypedCode>(&fields, "code");
        let (Some(password), Some(code)) = (password, code) else {
            let page = self.page(member, form);
            return page
                .show(member, StatusCode::BAD_REQUEST)
                .map(ChangeResult::Response);
        };
        match change(password.0, code.0).await {
            Ok(FactorChangeOutcome::Done(done)) => Ok(ChangeResult::Done(done)),
            Ok(FactorChangeOutcome::NotEnabled) => Ok(ChangeResult::Response(see_other(PATH))),
            Err(error) => {
                let rejection = ProofRejection::of(error, &mut form)?;
                let page = self.page(member, form);
                rejection.show(&page, member).map(ChangeResult::Response)
            }
        }
    }

    fn form(&self, member: &Member) -> Form {
        guarded(member, self.path, self.submit, vec![current(), Input::code()])
            .with_tone(self.tone)
            .with_back(PATH, "Cancel")
    }

    fn page(&self, member: &Member, form: Form) -> FormPage {
        FormPage::new(member, self.title, form).with_intro(self.intro)
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
