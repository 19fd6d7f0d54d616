//! The index: what this is, the ways in, and what else the house answers for.
use super::answer::page;
use super::chrome::Chrome;
use crate::http::problem::Problem;
use askama::Template;
use http::StatusCode;
use poem::Response;

#[derive(Template)]
#[template(path = "web/index.html")]
struct Index {
    chrome: Chrome,
}

/// The page, for whoever this bar is for.
pub fn index(chrome: Chrome) -> Result<Response, Problem> {
    page(StatusCode::OK, &Index { chrome })
}
