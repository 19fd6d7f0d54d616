//! Signing up. Whether an address already has an account is disclosed only by mail.

use super::mails::sent;
use crate::domain::accounts::outcome::RegistrationOutcome;
use crate::domain::accounts::registration;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_MAILS};
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, MessagePage, NavLink};
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const LINKS: &[NavLink] = &[NavLink {
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
    if web.accounts().is_registration_open().await? {
        page(&visitor, form(&visitor), StatusCode::OK)
    } else {
        closed(&visitor)
    }
}

/// Signs up.
#[handler]
pub async fn submit(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["name", "email", "password"], &[])?;
    let mut form = form(&visitor);
    form.refill(&fields);
    let name = form.parse(&fields, "name");
    let email: Option<Email> = form.parse(&fields, "email");
    let password: Option<SecretText> = form.parse_non_empty(&fields, "password");
    let (Some(name), Some(email), Some(password)) = (name, email, password) else {
        return page(&visitor, form, StatusCode::BAD_REQUEST);
    };
    let new = registration::Registration {
        name,
        email: email.clone(),
        password: password.0,
    };
    match web.accounts().register(new, &client).await? {
        RegistrationOutcome::Accepted => Ok(sent(&email)),
        RegistrationOutcome::Closed => closed(&visitor),
        RegistrationOutcome::Weak(weakness) => {
            form.reject_field("password", &weakness.to_string());
            page(&visitor, form, StatusCode::BAD_REQUEST)
        }
        RegistrationOutcome::Wait(wait) => {
            form.reject_for("Too many mails", wait);
            let page = FormPage::new(&visitor, "Sign up", form).with_links(LINKS);
            page.show_retry_after(&visitor, TOO_MANY_MAILS, wait)
        }
    }
}

fn form(visitor: &Visitor) -> Form {
    let inputs = vec![
        Input::text("name", "Your name", 200).with_autocomplete("name"),
        Input::email("username").with_hint("We send you a link to confirm it"),
        Input::new_password("Password"),
    ];
    Form::new("/sign-up", visitor.csrf(), "Sign up", inputs)
}

fn page(visitor: &Visitor, form: Form, status: StatusCode) -> Result<Response, Problem> {
    FormPage::new(visitor, "Sign up", form)
        .with_links(LINKS)
        .show(visitor, status)
}

fn closed(visitor: &Visitor) -> Result<Response, Problem> {
    let paragraphs = &["Signing up is by invitation only. Ask an administrator to invite you."];
    MessagePage::new(visitor, "By invitation only", paragraphs, LINKS).show(visitor, StatusCode::FORBIDDEN)
}
