//! Creating, changing and deleting a wish. A form carries the version that it shows, so that no change is lost.

use super::list::{id_of, missing};
use crate::domain::wishes::{Change, ChangeOutcome, CreateOutcome, MAX_WISHES, WishRow};
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::flash::Flash;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::FormPage;
use crate::http::web::form::{Form, Tone};
use crate::http::web::format::quoted;
use crate::http::web::page_frame::PageFrame;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SubmittedForm};
use crate::types::field_error::{FieldError, Location};
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::{WishId, WishNote, WishTitle};
use askama::Template;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

/// The page to change a wish.
#[derive(Template)]
#[template(path = "web/wish.html")]
struct WishPage {
    frame: PageFrame,
    form: Form,
    wish: WishRow,
}

/// The form for a new wish.
#[handler]
pub async fn new(member: Member) -> Result<Response, Problem> {
    new_page(&member, new_form(&member), StatusCode::OK)
}

/// Adds a wish.
#[handler]
pub async fn create(
    member: Member,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["title", "note"], &[])?;
    let mut form = new_form(&member);
    let Some((title, note)) = read(&mut form, &fields) else {
        return new_page(&member, form, StatusCode::BAD_REQUEST);
    };
    match web.wishes().create(&member.signed_in, title, note).await? {
        CreateOutcome::Created(_) => Ok(home_with(Flash::Added)),
        CreateOutcome::TooMany => {
            let text = format!("You have {MAX_WISHES} wishes, the maximum for one list. Delete one first.");
            form.reject("Your list is full", text);
            new_page(&member, form, StatusCode::CONFLICT)
        }
    }
}

/// The form to change a wish.
#[handler]
pub async fn edit(member: Member, request: &Request, Data(web): Data<&Web>) -> Result<Response, Problem> {
    let wish = find(&member, web, id_of(request)?).await?;
    let mut form = edit_form(&member, &wish);
    form.fill("title", &wish.title);
    form.fill("note", &wish.note);
    edit_page(&member, form, wish, StatusCode::OK)
}

/// Changes a wish.
#[handler]
pub async fn save(
    member: Member,
    request: &Request,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["title", "note", "version"], &[])?;
    let (id, expected) = (id_of(request)?, version(&fields)?);
    let wish = find(&member, web, id).await?;
    let mut form = edit_form(&member, &wish);
    let Some((title, note)) = read(&mut form, &fields) else {
        return edit_page(&member, form, wish, StatusCode::BAD_REQUEST);
    };
    let change = Change {
        title: Some(title),
        note: Some(note),
        done: None,
    };
    match web
        .wishes()
        .update(&member.signed_in, id, expected, change)
        .await?
    {
        ChangeOutcome::Changed(_) => Ok(home_with(Flash::Saved)),
        ChangeOutcome::NotFound => Err(missing()),
        ChangeOutcome::VersionMismatch => {
            // With the current version: saving again overwrites it knowingly.
            let text = format!(
                "You changed it in another window. It is now {}. Save again to replace that.",
                quoted(&wish.title)
            );
            form.reject("This wish has changed in the meantime", text);
            edit_page(&member, form, wish, StatusCode::CONFLICT)
        }
    }
}

/// Asks for confirmation of the deletion.
#[handler]
pub async fn show_delete(
    member: Member,
    request: &Request,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let wish = find(&member, web, id_of(request)?).await?;
    delete_page(&member, delete_form(&member, &wish), &wish, StatusCode::OK)
}

/// Deletes a wish.
#[handler]
pub async fn delete(
    member: Member,
    request: &Request,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["version"], &[])?;
    let (id, expected) = (id_of(request)?, version(&fields)?);
    match web.wishes().delete(&member.signed_in, id, expected).await? {
        ChangeOutcome::Changed(_) => Ok(home_with(Flash::Deleted)),
        ChangeOutcome::NotFound => Err(missing()),
        ChangeOutcome::VersionMismatch => {
            let wish = find(&member, web, id).await?;
            let mut form = delete_form(&member, &wish);
            form.reject(
                "This wish has changed in the meantime",
                "Check it again before you delete it.",
            );
            delete_page(&member, form, &wish, StatusCode::CONFLICT)
        }
    }
}

async fn find(member: &Member, web: &Web, id: WishId) -> Result<WishRow, Problem> {
    let found = web.wishes().find(&member.signed_in, id).await?;
    found.ok_or_else(missing)
}

/// Title and note if both are valid; records their errors otherwise.
fn read(form: &mut Form, fields: &Fields) -> Option<(WishTitle, WishNote)> {
    form.refill(fields);
    let title = form.parse(fields, "title");
    let note = form.parse(fields, "note");
    Some((title?, note?))
}

fn version(fields: &Fields) -> Result<VersionPrecondition, Problem> {
    let version = fields
        .text("version")
        .parse()
        .ok()
        .filter(|version: &i64| *version > 0);
    version.map(VersionPrecondition::exactly).ok_or_else(|| {
        let reason = "must be a version number";
        Problem::invalid(vec![FieldError::new(Location::Body, "version", reason)])
    })
}

fn home_with(flash: Flash) -> Response {
    let mut response = see_other(return_to::HOME);
    cookies::set(&mut response, FLASH, flash.as_str());
    response
}

fn inputs() -> Vec<Input> {
    vec![
        Input::text("title", "Your wish", 400).with_hint("What would you like to do, see or learn?"),
        Input::area("note", "Notes", 4000)
            .optional()
            .with_hint("Where, with whom, how to begin: anything that helps"),
    ]
}

fn new_form(member: &Member) -> Form {
    Form::new("/my/wishes/new", member.csrf(), "Add to my list", inputs())
        .with_back(return_to::HOME, "Cancel")
}

fn edit_form(member: &Member, wish: &WishRow) -> Form {
    Form::new(
        format!("/my/wishes/{}", wish.id),
        member.csrf(),
        "Save changes",
        inputs(),
    )
    .with_hidden("version", wish.version.to_string())
    .with_back(return_to::HOME, "Back to my wishes")
}

fn delete_form(member: &Member, wish: &WishRow) -> Form {
    let action = format!("/my/wishes/{}/delete", wish.id);
    Form::new(action, member.csrf(), "Delete for good", Vec::new())
        .with_hidden("version", wish.version.to_string())
        .with_tone(Tone::Danger)
        .with_back(return_to::HOME, "Cancel")
}

fn new_page(member: &Member, form: Form, status: StatusCode) -> Result<Response, Problem> {
    FormPage::new(member, "Add a wish", form).show(member, status)
}

fn edit_page(
    member: &Member,
    mut form: Form,
    wish: WishRow,
    status: StatusCode,
) -> Result<Response, Problem> {
    member.restore(&mut form);
    let frame = member.frame();
    member.show(status, &WishPage { frame, form, wish })
}

fn delete_page(member: &Member, form: Form, wish: &WishRow, status: StatusCode) -> Result<Response, Problem> {
    let intro = format!(
        "{} and its notes will be deleted permanently.",
        quoted(&wish.title)
    );
    FormPage::new(member, "Delete this wish?", form)
        .with_intro(intro)
        .show(member, status)
}
