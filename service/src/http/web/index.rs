//! The index page.

use super::page_frame::PageFrame;
use super::state::Web;
use super::visitor::Visitor;
use crate::http::contract::problem::Problem;
use askama::Template;
use http::StatusCode;
use poem::{Request, Response};

#[derive(Template)]
#[template(path = "web/index.html")]
struct Index {
    frame: PageFrame,
}

/// The page. Only a session cookie causes a database query, so anonymous visitors see it during a database outage.
pub async fn index(request: &Request, web: &Web) -> Result<Response, Problem> {
    let visitor = Visitor::of(request, web).await?;
    let frame = visitor.frame();
    visitor.show(StatusCode::OK, &Index { frame })
}
