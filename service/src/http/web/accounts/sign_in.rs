//! Signing in. A failure does not disclose which credential is wrong; every success starts a new session.

use crate::crypto::tokens::PlainToken;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS, TOO_MANY_CODES};
use crate::http::totp::fields::{CODE_USED, CODES_BLOCKED, TypedCode};
use crate::http::web::cookies::{self, CSRF, SESSION};
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, NavLink};
use crate::http::web::query;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

const LINKS: &[NavLink] = &[
    NavLink {
        before: "Forgot your password?",
        target: "/forgot",
        text: "Reset it",
    },
    NavLink {
        before: "No mail to confirm your address?",
        target: "/resend",
        text: "Send it again",
    },
    NavLink {
        before: "New here?",
        target: "/sign-up",
        text: "Sign up",
    },
];

/// The service lacks the key of the account's second factor.
pub const FACTOR_UNAVAILABLE: &str =
    "The codes of your app cannot be verified at present. Use a recovery code, or contact the operator.";

/// What the form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Password,
    Code,
}

/// The form.
#[handler]
pub async fn show(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    let next = query::find(request, "next")?.unwrap_or_default();
    let next = return_to::safe(&next);
    if visitor.signed_in().is_some() {
        return Ok(see_other(next));
    }
    let form = form(&visitor, next, Step::Password);
    page(&visitor, Step::Password, form, StatusCode::OK)
}

/// Signs in.
#[handler]
pub async fn submit(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["email", "password"], &["next", "code"])?;
    let next = return_to::safe(fields.text("next"));
    let step = if fields.has("code") {
        Step::Code
    } else {
        Step::Password
    };
    let mut form = form(&visitor, next, step);
    form.refill(&fields);
    let email: Option<Email> = form.parse(&fields, "email");
    let password: Option<SecretText> = form.parse_non_empty(&fields, "password");
    let code: Option<TypedCode> = match step {
        Step::Password => None,
        Step::Code => form.parse(&fields, "code"),
    };
    let (Some(email), Some(password), []) = (email, password, form.errors.as_slice()) else {
        return page(&visitor, step, form, StatusCode::BAD_REQUEST);
    };
    let attempt = LoginAttempt {
        email,
        password: password.0,
        code: code.map(|code| code.0),
    };
    match web.sessions().log_in_browser(attempt, &client).await {
        Ok((_, token)) => {
            // The new cookie replaces the earlier session's, so that session must not stay valid.
            if let Some(earlier) = visitor.signed_in() {
                web.sessions().log_out(earlier, &client).await?;
            }
            Ok(signed_in(next, &token))
        }
        Err(error) => reject(&visitor, step, form, next, error),
    }
}

/// Replaces the seed of CSRF tokens too: tokens from before the sign-in become invalid.
fn signed_in(next: &str, token: &PlainToken) -> Response {
    let mut response = see_other(next);
    cookies::set(&mut response, SESSION, token.reveal());
    cookies::set(&mut response, CSRF, PlainToken::random().reveal());
    response
}

fn reject(
    visitor: &Visitor,
    step: Step,
    mut form: Form,
    next: &str,
    error: LoginError,
) -> Result<Response, Problem> {
    match error {
        LoginError::InvalidCredentials => {
            let text = match step {
                Step::Password => "The address or the password is wrong.",
                Step::Code => "The address, the password or the code is wrong.",
            };
            form.reject("You are not signed in", text);
            page(visitor, step, form, StatusCode::FORBIDDEN)
        }
        LoginError::Unconfirmed => {
            let text = "Your address is not confirmed yet. Open the link in the mail that we sent you, or have another one sent.";
            form.reject("You are not signed in", text);
            page(visitor, step, form, StatusCode::FORBIDDEN)
        }
        LoginError::SecondFactorRequired => {
            let mut second = self::form(visitor, next, Step::Code);
            second.copy_values_from(form);
            page(visitor, Step::Code, second, StatusCode::FORBIDDEN)
        }
        LoginError::SecondFactorUnavailable => {
            form.reject("You are not signed in", FACTOR_UNAVAILABLE);
            page(visitor, step, form, StatusCode::CONFLICT)
        }
        LoginError::CodeUsed => {
            form.reject_field("code", CODE_USED);
            page(visitor, step, form, StatusCode::FORBIDDEN)
        }
        LoginError::CodesBlocked(wait) => {
            form.reject_for(CODES_BLOCKED, wait);
            form_page(visitor, step, form).show_retry_after(visitor, TOO_MANY_CODES, wait)
        }
        LoginError::Throttled(wait) => {
            form.reject_for("Too many attempts", wait);
            form_page(visitor, step, form).show_retry_after(visitor, TOO_MANY_ATTEMPTS, wait)
        }
        LoginError::SecondFactorSetupRequired | LoginError::Overloaded(_) | LoginError::Storage(_) => {
            Err(error.into())
        }
    }
}

fn form(visitor: &Visitor, next: &str, step: Step) -> Form {
    let mut inputs = vec![
        Input::email("username"),
        Input::password("Password", "current-password"),
    ];
    if step == Step::Code {
        inputs.push(Input::code());
    }
    let form = Form::new("/sign-in", visitor.csrf(), "Sign in", inputs);
    match next {
        return_to::HOME => form,
        next => form.with_hidden("next", next),
    }
}

fn form_page(visitor: &Visitor, step: Step, form: Form) -> FormPage {
    let (title, intro) = match step {
        Step::Password => ("Sign in", ""),
        Step::Code => (
            "One more step",
            "Your account has a second factor. Enter your password again, and a code.",
        ),
    };
    FormPage::new(visitor, title, form)
        .with_intro(intro)
        .with_links(LINKS)
}

fn page(visitor: &Visitor, step: Step, form: Form, status: StatusCode) -> Result<Response, Problem> {
    form_page(visitor, step, form).show(visitor, status)
}
