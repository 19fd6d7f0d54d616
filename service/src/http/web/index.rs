//! The index: what this is, the ways in, and what else the house answers for.

use super::page_frame::Chrome;
use super::state::Web;
use super::visitor::Visitor;
use crate::http::contract::problem::Problem;
use askama::Template;
use http::StatusCode;
use poem::{Request, Response};

#[derive(Template)]
#[template(path = "web/index.html")]
struct Index {
    chrome: Chrome,
}

/// The page. Only who brings a session is looked up: strangers see it whatever becomes of the database.
pub async fn index(request: &Request, web: &Web) -> Result<Response, Problem> {
    let visitor = Visitor::of(request, web).await?;
    let chrome = visitor.chrome();
    visitor.show(StatusCode::OK, &Index { chrome })
}
