//! Changing one's own name, address or password. The last two take the current password: a browser that somebody left
//! open must not be enough.
use super::answer::see_other;
use super::cookies::{self, NOTICE};
use super::fields::Fields;
use super::form::Form;
use super::form_page::FormPage;
use super::input::Input;
use super::notice::Notice;
use super::state::Web;
use super::visitor::{Member, Posted};
use crate::domain::accounts::changes::{Change, Guarded};
use crate::domain::accounts::outcome::Changed;
use crate::http::person_fields::SecretText;
use crate::http::problem::Problem;
use crate::types::peer::Peer;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

/// The account's page.
pub const PATH: &str = "/my/account";

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Email,
    Password,
}

/// The form for the name.
#[handler]
pub async fn ask_name(member: Member) -> Result<Response, Problem> {
    let mut form = form(&member, Part::Name);
    form.fill("name", member.signed_in.name());
    page(&member, Part::Name, form, StatusCode::OK)
}

/// Changes the name.
#[handler]
pub async fn save_name(
    member: Member,
    peer: Peer,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(posted, &["name"], &[])?;
    let mut form = filled(&member, Part::Name, &fields);
    let Some(name) = form.parse(&fields, "name") else {
        return page(&member, Part::Name, form, StatusCode::BAD_REQUEST);
    };
    let change = Change {
        name: Some(name),
        guarded: None,
    };
    submit(&member, &peer, web, Part::Name, form, change).await
}

/// The form for the address.
#[handler]
pub async fn ask_email(member: Member) -> Result<Response, Problem> {
    page(&member, Part::Email, form(&member, Part::Email), StatusCode::OK)
}

/// Asks for another address.
#[handler]
pub async fn save_email(
    member: Member,
    peer: Peer,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(posted, &["email", "current"], &[])?;
    let mut form = filled(&member, Part::Email, &fields);
    let email = form.parse(&fields, "email");
    let current = form.parse_filled::<SecretText>(&fields, "current");
    let (Some(email), Some(current)) = (email, current) else {
        return page(&member, Part::Email, form, StatusCode::BAD_REQUEST);
    };
    let guarded = Guarded {
        current: current.0,
        email: Some(email),
        password: None,
    };
    submit(
        &member,
        &peer,
        web,
        Part::Email,
        form,
        Change {
            name: None,
            guarded: Some(guarded),
        },
    )
    .await
}

/// The form for the password.
#[handler]
pub async fn ask_password(member: Member) -> Result<Response, Problem> {
    page(
        &member,
        Part::Password,
        form(&member, Part::Password),
        StatusCode::OK,
    )
}

/// Changes the password.
#[handler]
pub async fn save_password(
    member: Member,
    peer: Peer,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(posted, &["password", "current"], &[])?;
    let mut form = filled(&member, Part::Password, &fields);
    let current = form.parse_filled::<SecretText>(&fields, "current");
    let password = form.parse_filled::<SecretText>(&fields, "password");
    let (Some(current), Some(password)) = (current, password) else {
        return page(&member, Part::Password, form, StatusCode::BAD_REQUEST);
    };
    let guarded = Guarded {
        current: current.0,
        email: None,
        password: Some(password.0),
    };
    submit(
        &member,
        &peer,
        web,
        Part::Password,
        form,
        Change {
            name: None,
            guarded: Some(guarded),
        },
    )
    .await
}

async fn submit(
    member: &Member,
    peer: &Peer,
    web: &Web,
    part: Part,
    mut form: Form,
    change: Change,
) -> Result<Response, Problem> {
    match web.accounts().change(&member.signed_in, change, peer).await? {
        Changed::Done => {
            let mut response = see_other(PATH);
            let notice = match part {
                Part::Name => Notice::Saved,
                Part::Email => Notice::EmailAsked,
                Part::Password => Notice::PasswordChanged,
            };
            cookies::set(&mut response, NOTICE, notice.as_str());
            Ok(response)
        }
        Changed::Gone => Ok(see_other("/sign-in")),
        Changed::WrongPassword => {
            form.blame("current", "is not right");
            page(member, part, form, StatusCode::FORBIDDEN)
        }
        Changed::Weak(weakness) => {
            form.blame("password", &weakness.to_string());
            page(member, part, form, StatusCode::BAD_REQUEST)
        }
        Changed::TooManyTries(wait) => {
            form.refuse_for("Too many tries", wait);
            dress(member, part, form).show_wait(member, wait)
        }
        Changed::TooManyMails(wait) => {
            form.refuse_for("Too many mails", wait);
            dress(member, part, form).show_wait(member, wait)
        }
    }
}

fn form(member: &Member, part: Part) -> Form {
    let current = || Input::secret("current", "Current password", "current-password");
    let (action, submit, inputs) = match part {
        Part::Name => {
            let name = Input::text("name", "Your name", 200).known_as("name");
            ("/my/account/name", "Save", vec![name])
        }
        Part::Email => {
            let email =
                Input::email("email").with_hint("We send a link to it; until you follow it, nothing changes");
            ("/my/account/email", "Send the link", vec![email, current()])
        }
        Part::Password => {
            let password = Input::secret("password", "New password", "new-password")
                .with_hint("At least 8 characters. A short sentence is easy to remember and hard to guess");
            ("/my/account/password", "Change it", vec![current(), password])
        }
    };
    Form::new(action, member.csrf(), submit, inputs)
        .with_username(member.signed_in.email())
        .with_back(PATH, "Cancel")
}

fn filled(member: &Member, part: Part, fields: &Fields) -> Form {
    let mut form = form(member, part);
    form.keep(fields);
    form
}

fn dress(member: &Member, part: Part, form: Form) -> FormPage {
    let title = match part {
        Part::Name => "Change your name",
        Part::Email => "Change your address",
        Part::Password => "Change your password",
    };
    FormPage::new(member, title, form)
}

fn page(member: &Member, part: Part, form: Form, status: StatusCode) -> Result<Response, Problem> {
    dress(member, part, form).show(member, status)
}
