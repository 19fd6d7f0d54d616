//! The account page: data, sessions, sign-out everywhere, deletion.

use super::account_form::PATH;
use super::identity_proof::IdentityProof;
use super::sign_out::{left, signed_out};
use crate::domain::accounts::outcome::DeletionOutcome;
use crate::domain::accounts::view::AccountView;
use crate::domain::sessions::revocation::SessionRow;
use crate::http::contract::problem::Problem;
use crate::http::web::flash::Flash;
use crate::http::web::form::page::FormPage;
use crate::http::web::form::{Form, Tone};
use crate::http::web::format::client;
use crate::http::web::page_frame::PageFrame;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SubmittedForm};
use crate::types::client_info::ClientInfo;
use askama::Template;
use chrono::{DateTime, Utc};
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

const DELETE: &str = "/my/account/delete";

const SIGN_OUT: &str = "/my/account/sign-out-everywhere";

/// Sessions on the page: all of a user's browsers and programs, and the newest single tokens.
const MAX_LISTED: u32 = 200;

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
    begun: DateTime<Utc>,
    used: DateTime<Utc>,
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
    let page = web.sessions().list(&member.signed_in, None, MAX_LISTED).await?;
    let rows = page.map(|page| page.items).unwrap_or_default();
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
    let fields = member.open(submitted, &[], IdentityProof::FIELDS)?;
    let proof = IdentityProof::of(&member, web).await?;
    let mut form = sign_out_form(&member, &proof);
    match proof.verify(&fields, &mut form, &client).await? {
        Ok(recent) => {
            web.sessions().log_out_everywhere(&recent, &client).await?;
            Ok(signed_out())
        }
        Err(rejection) => {
            let page = FormPage::new(&member, "Sign out everywhere?", form);
            rejection.show(&page.with_intro(SIGN_OUT_INTRO), &member)
        }
    }
}

/// Asks for confirmation of the deletion.
#[handler]
pub async fn show_delete(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    let proof = IdentityProof::of(&member, web).await?;
    delete_page(&member, delete_form(&member, &proof)).show(&member, StatusCode::OK)
}

/// Deletes the account.
#[handler]
pub async fn delete(
    member: Member,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &[], IdentityProof::FIELDS)?;
    let proof = IdentityProof::of(&member, web).await?;
    let mut form = delete_form(&member, &proof);
    let recent = match proof.verify(&fields, &mut form, &client).await? {
        Ok(recent) => recent,
        Err(rejection) => return rejection.show(&delete_page(&member, form), &member),
    };
    match web.accounts().delete_own_account(&recent, &client).await? {
        DeletionOutcome::Done => Ok(left(Flash::AccountDeleted)),
        DeletionOutcome::SignedOut => Ok(see_other("/sign-in")),
        DeletionOutcome::LastAdmin => {
            let text = "You are the only administrator. Give someone else that role first.";
            form.reject("You cannot delete your account yet", text);
            delete_page(&member, form).show(&member, StatusCode::CONFLICT)
        }
    }
}

fn session(row: &SessionRow, member: &Member) -> Session {
    Session {
        what: client(&row.user_agent),
        begun: row.created_at,
        used: row.last_used_at,
        current: row.id == member.signed_in.session(),
    }
}

const SIGN_OUT_INTRO: &str = "Every browser and program is signed out, this one too.";

fn sign_out_form(member: &Member, proof: &IdentityProof<'_>) -> Form {
    Form::new(SIGN_OUT, member.csrf(), "Sign out everywhere", proof.inputs())
        .with_username(member.signed_in.email())
        .with_back(PATH, "Cancel")
}

fn delete_form(member: &Member, proof: &IdentityProof<'_>) -> Form {
    Form::new(DELETE, member.csrf(), "Delete my account", proof.inputs())
        .with_username(member.signed_in.email())
        .with_tone(Tone::Danger)
        .with_back(PATH, "Cancel")
}

fn delete_page(member: &Member, form: Form) -> FormPage {
    let intro = "You will be signed out everywhere and can no longer sign in. For a limited time, an administrator can \
                 restore the account.";
    FormPage::new(member, "Delete your account?", form).with_intro(intro)
}
