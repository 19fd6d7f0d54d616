//! Pages of mailed links. GET only shows a form, since mail scanners follow links; POST uses the link.

use crate::crypto::tokens::PlainToken;
use crate::domain::accounts::outcome::{
    ChangeEmailOutcome, LinkOutcome, SetPasswordOutcome, UndoEmailOutcome,
};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS};
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::flash::Flash;
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, MessagePage, NavLink};
use crate::http::web::query;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::person_name::PersonName;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

/// The purpose of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Confirm,
    ChangeEmail,
    UndoEmail,
    Invitation,
    Reset,
}

const INVALID_TEXT: &[&str] = &[
    "It may be expired, already used, or replaced by a newer one. Make sure that you opened the complete link.",
];

const CONFIRM_LINKS: &[NavLink] = &[NavLink {
    before: "Another password?",
    target: "/forgot",
    text: "Reset your password",
}];

const INVALID_LINKS: &[NavLink] = &[
    NavLink {
        before: "",
        target: "/sign-in",
        text: "Sign in",
    },
    NavLink {
        before: "",
        target: "/resend",
        text: "Resend the confirmation link",
    },
    NavLink {
        before: "",
        target: "/forgot",
        text: "Reset your password",
    },
];

/// Shows the form that confirms an address.
#[handler]
pub async fn show_confirm(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    show(&visitor, request, Link::Confirm)
}

/// Confirms the address.
#[handler]
pub async fn confirm(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "password"], &[])?;
    let mut form = filled(&visitor, Link::Confirm, &fields);
    let Some(password) = form.parse_non_empty::<SecretText>(&fields, "password") else {
        return page(&visitor, Link::Confirm, form, StatusCode::BAD_REQUEST);
    };
    match web
        .accounts()
        .confirm_email(fields.text("token"), password.0, &client)
        .await?
    {
        LinkOutcome::Done => Ok(done(&visitor, Flash::Confirmed)),
        LinkOutcome::NoSuchLink => invalid_link(&visitor),
        LinkOutcome::WrongPassword => {
            form.reject_field("password", "is not the one that was chosen for this address");
            page(&visitor, Link::Confirm, form, StatusCode::FORBIDDEN)
        }
        LinkOutcome::TooManyAttempts(wait) => {
            form.reject_for("Too many attempts", wait);
            form_page(&visitor, Link::Confirm, form).show_retry_after(&visitor, TOO_MANY_ATTEMPTS, wait)
        }
    }
}

/// Shows the form that confirms a new address.
#[handler]
pub async fn show_change_email(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    show(&visitor, request, Link::ChangeEmail)
}

/// Confirms the new address.
#[handler]
pub async fn change_email(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token"], &[])?;
    match web.accounts().change_email(fields.text("token"), &client).await? {
        ChangeEmailOutcome::Done => Ok(done(&visitor, Flash::EmailChanged)),
        ChangeEmailOutcome::NoSuchLink => invalid_link(&visitor),
        ChangeEmailOutcome::Taken => address_taken(&visitor),
    }
}

/// Shows the form that cancels or undoes a change of the address.
#[handler]
pub async fn show_undo_email(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    show(&visitor, request, Link::UndoEmail)
}

/// Cancels or undoes the change.
#[handler]
pub async fn undo_email(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token"], &[])?;
    match web.accounts().undo_email(fields.text("token"), &client).await? {
        UndoEmailOutcome::Cancelled => Ok(done(&visitor, Flash::EmailUnchanged)),
        UndoEmailOutcome::Restored => {
            // Every session has ended, this browser's too.
            let mut response = see_other("/forgot");
            cookies::set(&mut response, FLASH, Flash::EmailRestored.as_str());
            Ok(response)
        }
        UndoEmailOutcome::NoSuchLink => invalid_link(&visitor),
        UndoEmailOutcome::Taken => address_taken(&visitor),
    }
}

/// Shows the form that accepts an invitation.
#[handler]
pub async fn show_invitation(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    show(&visitor, request, Link::Invitation)
}

/// Accepts the invitation.
#[handler]
pub async fn invitation(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "name", "password"], &[])?;
    let mut form = filled(&visitor, Link::Invitation, &fields);
    let name: Option<PersonName> = form.parse(&fields, "name");
    let password: Option<SecretText> = form.parse_non_empty(&fields, "password");
    let (Some(name), Some(password)) = (name, password) else {
        return page(&visitor, Link::Invitation, form, StatusCode::BAD_REQUEST);
    };
    let set = web
        .accounts()
        .accept_invitation(fields.text("token"), name, password.0, &client)
        .await?;
    password_set(&visitor, Link::Invitation, form, set)
}

/// Shows the form that resets the password.
#[handler]
pub async fn show_reset(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    show(&visitor, request, Link::Reset)
}

/// Resets the password.
#[handler]
pub async fn reset(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "password"], &[])?;
    let mut form = filled(&visitor, Link::Reset, &fields);
    let Some(password) = form.parse_non_empty::<SecretText>(&fields, "password") else {
        return page(&visitor, Link::Reset, form, StatusCode::BAD_REQUEST);
    };
    let set = web
        .accounts()
        .reset_password(fields.text("token"), password.0, &client)
        .await?;
    password_set(&visitor, Link::Reset, form, set)
}

fn show(visitor: &Visitor, request: &Request, link: Link) -> Result<Response, Problem> {
    let Some(token) = query::find(request, "token")? else {
        return Err(Problem::invalid(vec![FieldError::query("token", "is missing")]));
    };
    match PlainToken::parse(&token) {
        Some(_) => page(visitor, link, form(visitor, link, &token), StatusCode::OK),
        None => invalid_link(visitor),
    }
}

fn password_set(
    visitor: &Visitor,
    link: Link,
    mut form: Form,
    set: SetPasswordOutcome,
) -> Result<Response, Problem> {
    match set {
        SetPasswordOutcome::Done => Ok(done(visitor, Flash::PasswordSet)),
        SetPasswordOutcome::NoSuchLink => invalid_link(visitor),
        SetPasswordOutcome::Weak(weakness) => {
            form.reject_field("password", &weakness.to_string());
            page(visitor, link, form, StatusCode::BAD_REQUEST)
        }
    }
}

fn form(visitor: &Visitor, link: Link, token: &str) -> Form {
    let (action, submit, inputs) = match link {
        Link::Confirm => {
            let chosen = Input::password("Password", "current-password")
                .with_hint("The one that you chose when you signed up");
            ("/confirm", "Yes, this is my address", vec![chosen])
        }
        Link::ChangeEmail => ("/change-email", "Yes, this is my new address", Vec::new()),
        Link::UndoEmail => ("/undo-email", "Keep my former address", Vec::new()),
        Link::Invitation => {
            let name = Input::text("name", "Your name", 200).with_autocomplete("name");
            let password = Input::new_password("New password");
            ("/invitation", "Accept the invitation", vec![name, password])
        }
        Link::Reset => ("/reset", "Set this password", vec![Input::replacement_password()]),
    };
    Form::new(action, visitor.csrf(), submit, inputs).with_hidden("token", token)
}

fn filled(visitor: &Visitor, link: Link, fields: &Fields) -> Form {
    let mut form = form(visitor, link, fields.text("token"));
    form.refill(fields);
    form
}

fn page(visitor: &Visitor, link: Link, form: Form, status: StatusCode) -> Result<Response, Problem> {
    form_page(visitor, link, form).show(visitor, status)
}

fn form_page(visitor: &Visitor, link: Link, form: Form) -> FormPage {
    let (title, intro) = match link {
        Link::Confirm => (
            "Confirm your address",
            "Enter the password that you chose when you signed up. If someone else signed up with your address, reset the \
             password instead: it confirms your address too.",
        ),
        Link::ChangeEmail => (
            "Confirm your new address",
            "You will sign in with it from then on.",
        ),
        Link::UndoEmail => (
            "Keep your former address",
            "If the new address is confirmed already, you will be signed out everywhere.",
        ),
        Link::Invitation => (
            "Welcome",
            "You are invited. Enter your name and choose a password.",
        ),
        Link::Reset => (
            "Set a new password",
            "You will be signed out everywhere and can sign in with the new password.",
        ),
    };
    let page = FormPage::new(visitor, title, form).with_intro(intro);
    match link {
        Link::Confirm => page.with_links(CONFIRM_LINKS),
        Link::ChangeEmail | Link::UndoEmail | Link::Invitation | Link::Reset => page,
    }
}

fn done(visitor: &Visitor, flash: Flash) -> Response {
    let mut response = see_other(match visitor.signed_in() {
        Some(_) => return_to::HOME,
        None => "/sign-in",
    });
    cookies::set(&mut response, FLASH, flash.as_str());
    response
}

fn address_taken(visitor: &Visitor) -> Result<Response, Problem> {
    let paragraphs = &["Another account uses this address now. Nothing was changed."];
    let page = MessagePage::new(visitor, "This address is taken", paragraphs, &[]);
    page.show(visitor, StatusCode::CONFLICT)
}

fn invalid_link(visitor: &Visitor) -> Result<Response, Problem> {
    MessagePage::new(visitor, "This link does not work", INVALID_TEXT, INVALID_LINKS)
        .show(visitor, StatusCode::NOT_FOUND)
}
