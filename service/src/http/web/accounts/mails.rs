//! Asking for a mail: a new password, or the mail of a registration again. The answer is the same for every address.

use crate::domain::accounts::outcome::MailRequestOutcome;
use crate::http::contract::problem::Problem;
use crate::http::web::form::Form;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, Message, Way};
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Posted, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

/// Where everybody is sent who asked for a mail.
const SENT: &str = "/check-mail";

const PARAGRAPHS: &[&str] = &[
    "If all is as you say, a mail with a link is on its way to you. Open it, and follow the link to go on.",
    "Nothing after some minutes? Have a look at the folder for unwanted mail, and at the address you typed.",
];

const SENT_WAYS: &[Way] = &[
    Way {
        before: "",
        target: "/resend",
        text: "Send the link once more",
    },
    Way {
        before: "",
        target: "/sign-in",
        text: "Sign in",
    },
];

const WAYS: &[Way] = &[Way {
    before: "Remembered it?",
    target: "/sign-in",
    text: "Sign in",
}];

/// What somebody asks a mail for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Password,
    Registration,
}

/// The word that a mail is on its way.
#[handler]
pub async fn check_mail(visitor: Visitor) -> Result<Response, Problem> {
    Message::new(&visitor, "Check your mail", PARAGRAPHS, SENT_WAYS).show(&visitor, StatusCode::OK)
}

/// The form for a new password.
#[handler]
pub async fn ask_forgot(visitor: Visitor) -> Result<Response, Problem> {
    page(
        &visitor,
        About::Password,
        form(&visitor, About::Password),
        StatusCode::OK,
    )
}

/// Sends a link to set a new password.
#[handler]
pub async fn forgot(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    submit(&visitor, &client, posted, web, About::Password).await
}

/// The form for the mail of a registration.
#[handler]
pub async fn ask_resend(visitor: Visitor) -> Result<Response, Problem> {
    page(
        &visitor,
        About::Registration,
        form(&visitor, About::Registration),
        StatusCode::OK,
    )
}

/// Sends it again.
#[handler]
pub async fn resend(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    submit(&visitor, &client, posted, web, About::Registration).await
}

/// The way to the word that a mail is on its way.
pub fn sent() -> Response {
    see_other(SENT)
}

async fn submit(
    visitor: &Visitor,
    client: &ClientInfo,
    posted: Posted,
    web: &Web,
    about: About,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["email"], &[])?;
    let mut form = form(visitor, about);
    form.keep(&fields);
    let Some(email) = form.parse::<Email>(&fields, "email") else {
        return page(visitor, about, form, StatusCode::BAD_REQUEST);
    };
    let asked = match about {
        About::Password => web.accounts().request_password_reset(email, client).await?,
        About::Registration => web.accounts().resend_mail(email, client).await?,
    };
    match asked {
        MailRequestOutcome::Accepted => Ok(sent()),
        MailRequestOutcome::Wait(wait) => {
            form.refuse_for("Too many mails", wait);
            dress(visitor, about, form).show_wait(visitor, wait)
        }
    }
}

fn form(visitor: &Visitor, about: About) -> Form {
    let (action, submit) = match about {
        About::Password => ("/forgot", "Send me a link"),
        About::Registration => ("/resend", "Send it again"),
    };
    Form::new(action, visitor.csrf(), submit, vec![Input::email("username")])
}

fn dress(visitor: &Visitor, about: About, form: Form) -> FormPage {
    let (title, intro) = match about {
        About::Password => (
            "Set a new password",
            "Tell us your address, and we send you a link that works once, for half an hour.",
        ),
        About::Registration => (
            "Send the link once more",
            "Tell us the address that you signed up with. The link in the older mail will not work any more.",
        ),
    };
    FormPage::new(visitor, title, form)
        .with_intro(intro)
        .with_ways(WAYS)
}

fn page(visitor: &Visitor, about: About, form: Form, status: StatusCode) -> Result<Response, Problem> {
    dress(visitor, about, form).show(visitor, status)
}
