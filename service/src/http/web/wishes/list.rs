//! The list of the member's wishes, page by page, and marking one as done.

use crate::domain::wishes::{Change, ChangeOutcome, Which, WishRow};
use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::flash::Flash;
use crate::http::web::page_frame::PageFrame;
use crate::http::web::query;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, SubmittedForm};
use crate::types::field_error::{FieldError, Location};
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::WishId;
use askama::Template;
use http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

/// Wishes per page.
const PAGE_SIZE: u32 = 20;

#[derive(Template)]
#[template(path = "web/wish_list.html")]
struct WishList {
    frame: PageFrame,
    csrf: String,
    tabs: Vec<Tab>,
    wishes: Vec<WishRow>,
    which: Which,
    /// This page, to return to.
    here: String,
    first: Option<String>,
    next: Option<String>,
}

struct Tab {
    which: Which,
    text: &'static str,
    target: String,
}

/// A page of the list.
#[handler]
pub async fn show(member: Member, request: &Request, Data(web): Data<&Web>) -> Result<Response, Problem> {
    let which = match query::find(request, "show")?.as_deref() {
        None | Some("all") => Which::All,
        Some("open") => Which::Open,
        Some("done") => Which::Done,
        Some(_) => return Err(invalid("show", "must be all, open or done")),
    };
    let after = match query::find(request, "after")? {
        None => None,
        Some(text) => Some(WishId::parse(&text).ok_or_else(|| invalid("after", WishId::EXPECTED))?),
    };
    let page = web
        .wishes()
        .list(&member.signed_in, which, after, PAGE_SIZE)
        .await?;
    let list = WishList {
        frame: member.frame(),
        csrf: member.csrf(),
        tabs: vec![
            tab(Which::All, "All"),
            tab(Which::Open, "Open"),
            tab(Which::Done, "Done"),
        ],
        wishes: page.items,
        which,
        here: address(which, after.map(|after| after.to_string()).as_deref()),
        first: after.map(|_| address(which, None)),
        next: page.next.map(|after| address(which, Some(&after))),
    };
    member.show(StatusCode::OK, &list)
}

/// Marks a wish as done, or as open again.
#[handler]
pub async fn mark(
    member: Member,
    request: &Request,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(submitted, &["done"], &["next"])?;
    let id = id_of(request)?;
    let (done, flash) = match fields.text("done") {
        "yes" => (true, Flash::Done),
        "no" => (false, Flash::Open),
        _ => return Err(invalid_body("done", "must be yes or no")),
    };
    let change = Change {
        done: Some(done),
        ..Change::default()
    };
    // Any version: marking does not depend on the text.
    match web
        .wishes()
        .update(&member.signed_in, id, VersionPrecondition::Any, change)
        .await?
    {
        ChangeOutcome::Changed(_) => {
            let mut response = see_other(return_to::safe(fields.text("next")));
            cookies::set(&mut response, FLASH, flash.as_str());
            Ok(response)
        }
        ChangeOutcome::VersionMismatch | ChangeOutcome::NotFound => Err(missing()),
    }
}

/// The wish that a path names; 404 where it names none.
pub fn id_of(request: &Request) -> Result<WishId, Problem> {
    let id = request.raw_path_param("id").and_then(WishId::parse);
    id.ok_or_else(missing)
}

/// 404 for a wish that does not exist or belongs to another user; the response does not say which.
pub fn missing() -> Problem {
    Problem::not_found("the wish does not exist")
}

fn tab(which: Which, text: &'static str) -> Tab {
    Tab {
        which,
        text,
        target: address(which, None),
    }
}

fn address(which: Which, after: Option<&str>) -> String {
    let filter = match which {
        Which::All => None,
        Which::Open => Some("show=open".to_owned()),
        Which::Done => Some("show=done".to_owned()),
    };
    let after = after.map(|after| format!("after={after}"));
    let query: Vec<String> = [filter, after].into_iter().flatten().collect();
    match query.as_slice() {
        [] => return_to::HOME.to_owned(),
        query => format!("{}?{}", return_to::HOME, query.join("&")),
    }
}

fn invalid(name: &str, reason: &'static str) -> Problem {
    Problem::invalid(vec![FieldError::query(name, reason)])
}

fn invalid_body(name: &str, reason: &'static str) -> Problem {
    Problem::invalid(vec![FieldError::new(Location::Body, name, reason)])
}
