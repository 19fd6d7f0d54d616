//! The account page: data, sessions, sign-out everywhere, deletion.

use super::account_form::PATH;
use super::sign_out::signed_out;
use crate::domain::accounts::outcome::DeletionOutcome;
use crate::domain::accounts::view::AccountView;
use crate::domain::sessions::revocation::SessionRow;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, CSRF, FLASH, SESSION};
use crate::http::web::flash::Flash;
use crate::http::web::form::page::FormPage;
use crate::http::web::form::{Form, Tone};
use crate::http::web::format::{client, day};
use crate::http::web::page_frame::PageFrame;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SubmittedForm};
use crate::types::client_info::ClientInfo;
use askama::Template;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const DELETE: &str = "/my/account/delete";

#[derive(Template)]
#[template(path = "web/account.html")]
struct Account {
    frame: PageFrame,
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
        // Deleted since authentication.
        return Ok(see_other("/sign-in"));
    };
    let rows = web.sessions().list(&member.signed_in).await?;
    let account = Account {
        frame: member.frame(),
        csrf: member.csrf(),
        profile,
        sessions: rows.iter().map(|row| session(row, &member)).collect(),
    };
    member.show(StatusCode::OK, &account)
}

/// Signs out everywhere, including this browser.
#[handler]
pub async fn sign_out_everywhere(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    member.open(submitted, &[], &[])?;
    web.sessions()
        .log_out_everywhere(&member.signed_in, &client)
        .await?;
    Ok(signed_out())
}

/// Asks for confirmation of the deletion.
#[handler]
pub async fn show_delete(member: Member) -> Result<Response, Problem> {
    delete_page(&member, delete_form(&member), StatusCode::OK)
}

/// Deletes the account.
#[handler]
pub async fn delete(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    member.open(submitted, &[], &[])?;
    match web
        .accounts()
        .delete_own_account(&member.signed_in, &client)
        .await?
    {
        DeletionOutcome::Done => {
            let mut response = see_other("/");
            cookies::clear(&mut response, SESSION);
            cookies::clear(&mut response, CSRF);
            cookies::set(&mut response, FLASH, Flash::AccountDeleted.as_str());
            Ok(response)
        }
        DeletionOutcome::LastAdmin => {
            let mut form = delete_form(&member);
            let text = "You are the only administrator. Give someone else that role first.";
            form.reject("You cannot delete your account yet", text);
            delete_page(&member, form, StatusCode::CONFLICT)
        }
    }
}

fn session(row: &SessionRow, member: &Member) -> Session {
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
        .with_back(PATH, "Cancel")
}

fn delete_page(member: &Member, form: Form, status: StatusCode) -> Result<Response, Problem> {
    let intro = "You will be signed out everywhere and can no longer sign in. For a limited time, an administrator can \
                 restore the account.";
    FormPage::new(member, "Delete your account?", form)
        .with_intro(intro)
        .show(member, status)
}
