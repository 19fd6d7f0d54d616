//! Requesting a mail: a password reset, or another confirmation link. The response is the same for every address.

use crate::domain::accounts::outcome::MailRequestOutcome;
use crate::http::contract::problem::{Problem, TOO_MANY_MAILS};
use crate::http::web::cookies::{self, MAILED_TO};
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, MessagePage, NavLink};
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use poem::web::Data;
use poem::{Request, Response, handler};

/// The page after a mail was requested.
const SENT: &str = "/check-mail";

/// How long the browser remembers the address if it never loads that page.
const MAILED_TO_TTL_SECONDS: u64 = 600;

const NO_MAIL: &str = "No mail after a few minutes? Check your spam folder and whether the address is correct. We send only a few \
    mails in a row to one address.";

const SENT_LINKS: &[NavLink] = &[
    NavLink {
        before: "",
        target: "/resend",
        text: "Send the link again",
    },
    NavLink {
        before: "",
        target: "/sign-in",
        text: "Sign in",
    },
];

const LINKS: &[NavLink] = &[NavLink {
    before: "Remembered it?",
    target: "/sign-in",
    text: "Sign in",
}];

/// The purpose of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MailPurpose {
    Password,
    Registration,
}

/// Confirms that a mail was sent, and repeats the address once, so that a mistyped one is noticed.
#[handler]
pub async fn check_mail(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    let email = cookies::find(request.headers(), MAILED_TO).and_then(decode);
    let to = email.as_ref().map_or("your address", Email::as_str);
    let sent = format!("We sent a mail to {to}. Open it and follow the link to continue.");
    let page = MessagePage::new(&visitor, "Check your mail", &[&sent, NO_MAIL], SENT_LINKS);
    let mut response = page.show(&visitor, StatusCode::OK)?;
    if email.is_some() {
        cookies::clear(&mut response, MAILED_TO);
    }
    Ok(response)
}

/// The form that requests a password reset.
#[handler]
pub async fn show_forgot(visitor: Visitor) -> Result<Response, Problem> {
    page(
        &visitor,
        MailPurpose::Password,
        form(&visitor, MailPurpose::Password),
        StatusCode::OK,
    )
}

/// Sends a link to reset the password.
#[handler]
pub async fn forgot(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    submit(&visitor, &client, submitted, web, MailPurpose::Password).await
}

/// The form that requests another confirmation link.
#[handler]
pub async fn show_resend(visitor: Visitor) -> Result<Response, Problem> {
    page(
        &visitor,
        MailPurpose::Registration,
        form(&visitor, MailPurpose::Registration),
        StatusCode::OK,
    )
}

/// Sends another confirmation link.
#[handler]
pub async fn resend(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    submit(&visitor, &client, submitted, web, MailPurpose::Registration).await
}

/// Redirects to the confirmation that a mail was sent. The address is in a cookie, because URLs are logged.
pub fn sent(email: &Email) -> Response {
    let mut response = see_other(SENT);
    let encoded = utf8_percent_encode(email.as_str(), NON_ALPHANUMERIC).to_string();
    cookies::set_for(&mut response, MAILED_TO, &encoded, MAILED_TO_TTL_SECONDS);
    response
}

fn decode(cookie: &str) -> Option<Email> {
    let decoded = percent_decode_str(cookie).decode_utf8().ok()?;
    Email::parse(&decoded)
}

async fn submit(
    visitor: &Visitor,
    client: &ClientInfo,
    submitted: SubmittedForm,
    web: &Web,
    purpose: MailPurpose,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["email"], &[])?;
    let mut form = form(visitor, purpose);
    form.refill(&fields);
    let Some(email) = form.parse::<Email>(&fields, "email") else {
        return page(visitor, purpose, form, StatusCode::BAD_REQUEST);
    };
    let outcome = match purpose {
        MailPurpose::Password => {
            web.accounts()
                .request_password_reset(email.clone(), client)
                .await?
        }
        MailPurpose::Registration => web.accounts().resend_mail(email.clone(), client).await?,
    };
    match outcome {
        MailRequestOutcome::Accepted => Ok(sent(&email)),
        MailRequestOutcome::Wait(wait) => {
            form.reject_for("Too many mails", wait);
            form_page(visitor, purpose, form).show_retry_after(visitor, TOO_MANY_MAILS, wait)
        }
    }
}

fn form(visitor: &Visitor, purpose: MailPurpose) -> Form {
    let (action, submit) = match purpose {
        MailPurpose::Password => ("/forgot", "Send me a link"),
        MailPurpose::Registration => ("/resend", "Send the link"),
    };
    Form::new(action, visitor.csrf(), submit, vec![Input::email("username")])
}

fn form_page(visitor: &Visitor, purpose: MailPurpose, form: Form) -> FormPage {
    let (title, intro) = match purpose {
        MailPurpose::Password => (
            "Reset your password",
            "Enter your address and we send you a link. It works once, for 30 minutes.",
        ),
        MailPurpose::Registration => (
            "Send the link again",
            "Enter the address that you signed up with. The earlier link stops working.",
        ),
    };
    FormPage::new(visitor, title, form)
        .with_intro(intro)
        .with_links(LINKS)
}

fn page(
    visitor: &Visitor,
    purpose: MailPurpose,
    form: Form,
    status: StatusCode,
) -> Result<Response, Problem> {
    form_page(visitor, purpose, form).show(visitor, status)
}
