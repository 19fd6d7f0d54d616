//! Renders a problem as a page with the same status and headers.

use super::page_frame::PageFrame;
use super::response::page;
use crate::http::contract::problem::{Problem, ProblemKind};
use crate::types::field_error::FieldError;
use crate::types::request_id::RequestId;
use askama::Template;
use http::{HeaderName, StatusCode, header};
use poem::Response;

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    frame: PageFrame,
    status: u16,
    title: &'static str,
    text: String,
    errors: &'a [FieldError],
    next: (&'static str, &'static str),
    request_id: &'a str,
}

/// The page. Falls back to the problem if rendering fails.
pub fn render(problem: Problem, path: &str, request_id: &RequestId) -> Response {
    let status = problem.status;
    let template = ErrorPage {
        frame: PageFrame::without_nav(),
        status: status.as_u16(),
        title: title(status),
        text: text(&problem),
        errors: &problem.errors,
        next: next(status),
        request_id: &request_id.own,
    };
    let Ok(mut response) = page(status, &template) else {
        return problem.into_response(path, request_id);
    };
    response.extensions_mut().insert(ProblemKind(problem.kind));
    let headers = problem
        .headers
        .into_iter()
        .filter(|(name, _)| name != header::CONTENT_TYPE);
    response
        .headers_mut()
        .extend(headers.map(|(name, value): (HeaderName, _)| (Some(name), value)));
    response
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "You cannot do this",
        StatusCode::NOT_FOUND => "Page not found",
        StatusCode::METHOD_NOT_ALLOWED => "This page does not support that",
        StatusCode::CONFLICT => "This has changed in the meantime",
        StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "That was too large",
        StatusCode::REQUEST_TIMEOUT => "That took too long",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        StatusCode::SERVICE_UNAVAILABLE => "Temporarily unavailable",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

/// The detail of the problem as a sentence, and when to retry.
fn text(problem: &Problem) -> String {
    let detail = match problem.status {
        StatusCode::NOT_FOUND => "The address may be mistyped, or the page no longer exists",
        StatusCode::INTERNAL_SERVER_ERROR => "The error is on our side and has been logged. Please try again",
        _ => problem.detail.as_ref(),
    };
    let mut sentence = detail.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    let wait = problem
        .headers
        .iter()
        .find(|(name, _)| *name == header::RETRY_AFTER);
    match wait.and_then(|(_, value)| value.to_str().ok()) {
        Some("1") => sentence.push_str(" Please try again in a second."),
        Some(seconds) => sentence.push_str(&format!(" Please try again in {seconds} seconds.")),
        None => {}
    }
    sentence
}

fn next(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::FORBIDDEN => ("/sign-in", "Sign in"),
        _ => ("/my/wishes", "Go to my wishes"),
    }
}
