//! One's own account: what is known of it, its sessions, and the ways to change or to leave it.

use super::account_form::PATH;
use super::sign_out::forget;
use crate::domain::accounts::outcome::DeletionOutcome;
use crate::domain::accounts::view::AccountView;
use crate::domain::sessions::revocation::OwnRow;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, CSRF, NOTICE, SESSION};
use crate::http::web::flash::Notice;
use crate::http::web::form::page::FormPage;
use crate::http::web::form::{Form, Tone};
use crate::http::web::format::{client, day};
use crate::http::web::page_frame::Chrome;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, Posted};
use crate::types::client_info::ClientInfo;
use askama::Template;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const DELETE: &str = "/my/account/delete";

#[derive(Template)]
#[template(path = "web/account.html")]
struct Account {
    chrome: Chrome,
    csrf: String,
    profile: AccountView,
    sessions: Vec<Session>,
}

struct Session {
    what: String,
    begun: String,
    used: String,
    current: bool,
}

/// The account.
#[handler]
pub async fn show(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    let profile = web.accounts().view(&member.signed_in).await?;
    let Some(profile) = profile else {
        // Deleted a moment ago.
        return Ok(see_other("/sign-in"));
    };
    let rows = web.sessions().list(&member.signed_in).await?;
    let account = Account {
        chrome: member.chrome(),
        csrf: member.csrf(),
        profile,
        sessions: rows.iter().map(|row| session(row, &member)).collect(),
    };
    member.show(StatusCode::OK, &account)
}

/// Ends every session, this one too.
#[handler]
pub async fn sign_out_everywhere(
    member: Member,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    member.open(posted, &[], &[])?;
    web.sessions()
        .log_out_everywhere(&member.signed_in, &client)
        .await?;
    Ok(forget())
}

/// Asks whether the account is really to go.
#[handler]
pub async fn ask_delete(member: Member) -> Result<Response, Problem> {
    delete_page(&member, delete_form(&member), StatusCode::OK)
}

/// Deletes it.
#[handler]
pub async fn delete(
    member: Member,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    member.open(posted, &[], &[])?;
    match web
        .accounts()
        .delete_own_account(&member.signed_in, &client)
        .await?
    {
        DeletionOutcome::Done => {
            let mut response = see_other("/");
            cookies::clear(&mut response, SESSION);
            cookies::clear(&mut response, CSRF);
            cookies::set(&mut response, NOTICE, Notice::Left.as_str());
            Ok(response)
        }
        DeletionOutcome::LastAdmin => {
            let mut form = delete_form(&member);
            let text = "You are the only administrator. Make somebody else one first.";
            form.refuse("You cannot leave yet", text);
            delete_page(&member, form, StatusCode::CONFLICT)
        }
    }
}

fn session(row: &OwnRow, member: &Member) -> Session {
    Session {
        what: client(&row.user_agent),
        begun: day(&row.created_at),
        used: day(&row.last_used_at),
        current: row.id == member.signed_in.session(),
    }
}

fn delete_form(member: &Member) -> Form {
    Form::new(DELETE, member.csrf(), "Delete my account", Vec::new())
        .with_tone(Tone::Danger)
        .with_back(PATH, "Keep it")
}

fn delete_page(member: &Member, form: Form, status: StatusCode) -> Result<Response, Problem> {
    let intro = "You will be signed out everywhere, and nobody can sign in to it any more. An administrator can bring it \
                 back, as long as you ask soon.";
    FormPage::new(member, "Delete your account?", form)
        .with_intro(intro)
        .show(member, status)
}
