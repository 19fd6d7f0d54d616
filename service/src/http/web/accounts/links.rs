//! Pages that mailed links lead to. To look at one uses nothing up, since mail scanners follow links: it takes the form's
//! button.

use crate::crypto::tokens::PlainToken;
use crate::domain::accounts::outcome::{ChangeEmailOutcome, LinkOutcome, SetPasswordOutcome};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, NOTICE};
use crate::http::web::flash::Notice;
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, Message, Way};
use crate::http::web::query;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Posted, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::person_name::PersonName;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Confirm,
    ChangeEmail,
    Invitation,
    Reset,
}

const DEAD: &[&str] = &[
    "It may have been used already, or have run out, or a newer one has taken its place. Perhaps the mail program \
     broke it in two.",
];

const DEAD_WAYS: &[Way] = &[
    Way {
        before: "",
        target: "/sign-in",
        text: "Sign in",
    },
    Way {
        before: "",
        target: "/resend",
        text: "Confirm an address: send the link once more",
    },
    Way {
        before: "",
        target: "/forgot",
        text: "Set a new password",
    },
];

/// Looks at the link that proves an address.
#[handler]
pub async fn see_confirm(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    see(&visitor, request, Link::Confirm)
}

/// Uses it.
#[handler]
pub async fn confirm(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["token"], &[])?;
    match web
        .accounts()
        .confirm_email(fields.text("token"), &client)
        .await?
    {
        LinkOutcome::Done => Ok(done(&visitor, Notice::Confirmed)),
        LinkOutcome::NoSuchLink => dead(&visitor),
    }
}

/// Looks at the link that proves a new address.
#[handler]
pub async fn see_change_email(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    see(&visitor, request, Link::ChangeEmail)
}

/// Uses it.
#[handler]
pub async fn change_email(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["token"], &[])?;
    match web.accounts().change_email(fields.text("token"), &client).await? {
        ChangeEmailOutcome::Done => Ok(done(&visitor, Notice::EmailChanged)),
        ChangeEmailOutcome::NoSuchLink => dead(&visitor),
        ChangeEmailOutcome::Taken => {
            let paragraphs = &["Another account has this address by now. Nothing was changed."];
            let page = Message::new(&visitor, "This address is taken", paragraphs, &[]);
            page.show(&visitor, StatusCode::CONFLICT)
        }
    }
}

/// Looks at an invitation.
#[handler]
pub async fn see_invitation(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    see(&visitor, request, Link::Invitation)
}

/// Accepts it.
#[handler]
pub async fn invitation(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["token", "name", "password"], &[])?;
    let mut form = filled(&visitor, Link::Invitation, &fields);
    let name: Option<PersonName> = form.parse(&fields, "name");
    let password: Option<SecretText> = form.parse_filled(&fields, "password");
    let (Some(name), Some(password)) = (name, password) else {
        return page(&visitor, Link::Invitation, form, StatusCode::BAD_REQUEST);
    };
    let set = web
        .accounts()
        .accept_invitation(fields.text("token"), name, password.0, &client)
        .await?;
    password_set(&visitor, Link::Invitation, form, set)
}

/// Looks at the link that sets a new password.
#[handler]
pub async fn see_reset(visitor: Visitor, request: &Request) -> Result<Response, Problem> {
    see(&visitor, request, Link::Reset)
}

/// Sets the password.
#[handler]
pub async fn reset(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(posted, &["token", "password"], &[])?;
    let mut form = filled(&visitor, Link::Reset, &fields);
    let Some(password) = form.parse_filled::<SecretText>(&fields, "password") else {
        return page(&visitor, Link::Reset, form, StatusCode::BAD_REQUEST);
    };
    let set = web
        .accounts()
        .reset_password(fields.text("token"), password.0, &client)
        .await?;
    password_set(&visitor, Link::Reset, form, set)
}

fn see(visitor: &Visitor, request: &Request, link: Link) -> Result<Response, Problem> {
    let Some(token) = query::find(request, "token")? else {
        return Err(Problem::invalid(vec![FieldError::query("token", "is missing")]));
    };
    match PlainToken::parse(&token) {
        Some(_) => page(visitor, link, form(visitor, link, &token), StatusCode::OK),
        None => dead(visitor),
    }
}

fn password_set(
    visitor: &Visitor,
    link: Link,
    mut form: Form,
    set: SetPasswordOutcome,
) -> Result<Response, Problem> {
    match set {
        SetPasswordOutcome::Done => Ok(done(visitor, Notice::PasswordSet)),
        SetPasswordOutcome::NoSuchLink => dead(visitor),
        SetPasswordOutcome::Weak(weakness) => {
            form.blame("password", &weakness.to_string());
            page(visitor, link, form, StatusCode::BAD_REQUEST)
        }
    }
}

fn form(visitor: &Visitor, link: Link, token: &str) -> Form {
    let password = || {
        Input::password("New password", "new-password")
            .with_hint("At least 8 characters. A short sentence is easy to remember and hard to guess")
    };
    let (action, submit, inputs) = match link {
        Link::Confirm => ("/confirm", "Yes, this is my address", Vec::new()),
        Link::ChangeEmail => ("/change-email", "Yes, this is my new address", Vec::new()),
        Link::Invitation => {
            let name = Input::text("name", "Your name", 200).known_as("name");
            ("/invitation", "Accept the invitation", vec![name, password()])
        }
        Link::Reset => ("/reset", "Set this password", vec![password()]),
    };
    Form::new(action, visitor.csrf(), submit, inputs).with_hidden("token", token)
}

fn filled(visitor: &Visitor, link: Link, fields: &Fields) -> Form {
    let mut form = form(visitor, link, fields.text("token"));
    form.keep(fields);
    form
}

fn page(visitor: &Visitor, link: Link, form: Form, status: StatusCode) -> Result<Response, Problem> {
    let (title, intro) = match link {
        Link::Confirm => ("Confirm your address", "One click, and your account is ready."),
        Link::ChangeEmail => ("Confirm your new address", "From then on you sign in with it."),
        Link::Invitation => (
            "Welcome",
            "You are invited. Tell us your name and choose a password.",
        ),
        Link::Reset => (
            "Set a new password",
            "You will be signed out everywhere, and can sign in with it.",
        ),
    };
    FormPage::new(visitor, title, form)
        .with_intro(intro)
        .show(visitor, status)
}

fn done(visitor: &Visitor, notice: Notice) -> Response {
    let mut response = see_other(match visitor.signed_in() {
        Some(_) => return_to::HOME,
        None => "/sign-in",
    });
    cookies::set(&mut response, NOTICE, notice.as_str());
    response
}

fn dead(visitor: &Visitor) -> Result<Response, Problem> {
    Message::new(visitor, "This link does not work", DEAD, DEAD_WAYS).show(visitor, StatusCode::NOT_FOUND)
}
