//! The page of a problem: the same status and header fields, in words for a person.

use super::page_frame::Chrome;
use super::response::page;
use crate::http::contract::problem::Problem;
use crate::types::field_error::FieldError;
use askama::Template;
use http::{HeaderName, StatusCode, header};
use poem::Response;

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    chrome: Chrome,
    status: u16,
    title: &'static str,
    text: String,
    errors: &'a [FieldError],
    way_on: (&'static str, &'static str),
    request_id: &'a str,
}

/// The page. Falls back to the problem itself where no page can be made.
pub fn of(problem: Problem, path: &str, request_id: &str) -> Response {
    let status = problem.status;
    let template = ErrorPage {
        chrome: Chrome::plain(),
        status: status.as_u16(),
        title: title(status),
        text: text(&problem),
        errors: &problem.errors,
        way_on: way_on(status),
        request_id,
    };
    let Ok(mut response) = page(status, &template) else {
        return problem.into_response(path, request_id);
    };
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
        StatusCode::FORBIDDEN => "This was not let through",
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::METHOD_NOT_ALLOWED => "This page does not work that way",
        StatusCode::CONFLICT => "This has changed in the meantime",
        StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "That was too much at once",
        StatusCode::REQUEST_TIMEOUT => "That took too long",
        StatusCode::TOO_MANY_REQUESTS => "A little slower, please",
        StatusCode::SERVICE_UNAVAILABLE => "Back in a moment",
        status if status.is_server_error() => "Something went wrong here",
        _ => "That did not work",
    }
}

/// The problem's own words as a sentence, and when to come back.
fn text(problem: &Problem) -> String {
    let detail = match problem.status {
        StatusCode::NOT_FOUND => "The address may be mistyped, or what stood here is gone",
        StatusCode::INTERNAL_SERVER_ERROR => "It is not your fault, and it is in our log. Please try again",
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

fn way_on(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::FORBIDDEN => ("/sign-in", "Sign in"),
        _ => ("/my/wishes", "To my wishes"),
    }
}
