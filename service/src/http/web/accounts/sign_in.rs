//! Signing in. Whoever is refused is told the same whatever was wrong; every success begins a session of its own.

use crate::crypto::tokens::PlainToken;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, CSRF, SESSION};
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, Way};
use crate::http::web::query;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Posted, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

const WAYS: &[Way] = &[
    Way {
        before: "Forgot your password?",
        target: "/forgot",
        text: "Set a new one",
    },
    Way {
        before: "New here?",
        target: "/sign-up",
        text: "Sign up",
    },
];

/// How much is asked for.
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
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["email", "password"], &["next", "code"])?;
    let next = return_to::safe(fields.text("next"));
    let step = match fields.has("code") {
        true => Step::Code,
        false => Step::Password,
    };
    let mut form = form(&visitor, next, step);
    form.keep(&fields);
    let email: Option<Email> = form.parse(&fields, "email");
    let password: Option<SecretText> = form.parse_filled(&fields, "password");
    let code: Option<SecretText> = match step {
        Step::Password => None,
        Step::Code => form.parse_filled(&fields, "code"),
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
            // The browser keeps one session: the one that it forgets now must not live on.
            if let Some(earlier) = visitor.signed_in() {
                web.sessions().log_out(earlier, &client).await?;
            }
            Ok(signed_in(next, &token))
        }
        Err(refused) => refuse(&visitor, step, form, next, refused),
    }
}

/// The session is new and so is what form tokens are made with: nothing that was known before counts any more.
fn signed_in(next: &str, token: &PlainToken) -> Response {
    let mut response = see_other(next);
    cookies::set(&mut response, SESSION, token.reveal());
    cookies::set(&mut response, CSRF, PlainToken::random().reveal());
    response
}

fn refuse(
    visitor: &Visitor,
    step: Step,
    mut form: Form,
    next: &str,
    refused: LoginError,
) -> Result<Response, Problem> {
    match refused {
        LoginError::InvalidCredentials => {
            let text = match step {
                Step::Password => "The address or the password is not right.",
                Step::Code => "The address, the password or the code is not right.",
            };
            form.refuse("You are not signed in", text);
            page(visitor, step, form, StatusCode::FORBIDDEN)
        }
        LoginError::SecondFactorRequired => {
            let mut second = self::form(visitor, next, Step::Code);
            second.take_over(form);
            page(visitor, Step::Code, second, StatusCode::FORBIDDEN)
        }
        LoginError::Throttled(wait) => {
            form.refuse_for("Too many tries", wait);
            dress(visitor, step, form).show_wait(visitor, wait)
        }
        LoginError::Overloaded(_) | LoginError::Storage(_) => Err(refused.into()),
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

fn dress(visitor: &Visitor, step: Step, form: Form) -> FormPage {
    let (title, intro) = match step {
        Step::Password => ("Sign in", ""),
        Step::Code => (
            "One more step",
            "Your account asks for a second factor. Type your password once more, and the code with it.",
        ),
    };
    FormPage::new(visitor, title, form)
        .with_intro(intro)
        .with_ways(WAYS)
}

fn page(visitor: &Visitor, step: Step, form: Form, status: StatusCode) -> Result<Response, Problem> {
    dress(visitor, step, form).show(visitor, status)
}
