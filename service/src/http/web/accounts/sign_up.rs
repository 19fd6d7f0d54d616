//! Signing up, and asking for the mail of it again. Whether an address has an account is told in the mail and only there.

use super::mails::sent;
use crate::domain::accounts::outcome::RegistrationOutcome;
use crate::domain::accounts::registration;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::Problem;
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, Message, Way};
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Posted, Visitor};
use crate::types::client_info::ClientInfo;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const WAYS: &[Way] = &[Way {
    before: "Have an account?",
    target: "/sign-in",
    text: "Sign in",
}];

/// The form.
#[handler]
pub async fn show(visitor: Visitor, Data(web): Data<&Web>) -> Result<Response, Problem> {
    if visitor.signed_in().is_some() {
        return Ok(see_other(return_to::HOME));
    }
    match web.accounts().is_registration_open().await? {
        true => page(&visitor, form(&visitor), StatusCode::OK),
        false => closed(&visitor),
    }
}

/// Signs up.
#[handler]
pub async fn submit(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["name", "email", "password"], &[])?;
    let mut form = form(&visitor);
    form.keep(&fields);
    let name = form.parse(&fields, "name");
    let email = form.parse(&fields, "email");
    let password: Option<SecretText> = form.parse_filled(&fields, "password");
    let (Some(name), Some(email), Some(password)) = (name, email, password) else {
        return page(&visitor, form, StatusCode::BAD_REQUEST);
    };
    let new = registration::Registration {
        name,
        email,
        password: password.0,
    };
    match web.accounts().register(new, &client).await? {
        RegistrationOutcome::Accepted => Ok(sent()),
        RegistrationOutcome::Closed => closed(&visitor),
        RegistrationOutcome::Weak(weakness) => {
            form.blame("password", &weakness.to_string());
            page(&visitor, form, StatusCode::BAD_REQUEST)
        }
        RegistrationOutcome::Wait(wait) => {
            form.refuse_for("Too many mails", wait);
            let page = FormPage::new(&visitor, "Sign up", form).with_ways(WAYS);
            page.show_wait(&visitor, wait)
        }
    }
}

fn form(visitor: &Visitor) -> Form {
    let inputs = vec![
        Input::text("name", "Your name", 200).known_as("name"),
        Input::email("username").with_hint("We send you a link to confirm it"),
        Input::password("Password", "new-password")
            .with_hint("At least 8 characters. A short sentence is easy to remember and hard to guess"),
    ];
    Form::new("/sign-up", visitor.csrf(), "Sign up", inputs)
}

fn page(visitor: &Visitor, form: Form, status: StatusCode) -> Result<Response, Problem> {
    FormPage::new(visitor, "Sign up", form)
        .with_ways(WAYS)
        .show(visitor, status)
}

fn closed(visitor: &Visitor) -> Result<Response, Problem> {
    let paragraphs = &["Nobody can sign up here by themselves now. Ask an administrator for an invitation."];
    Message::new(visitor, "By invitation only", paragraphs, WAYS).show(visitor, StatusCode::FORBIDDEN)
}
