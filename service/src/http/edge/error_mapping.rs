//! Turns whatever went wrong inside into a problem: our own refusals, the framework's errors, bare statuses.

use crate::http::contract::problem::Problem;
use crate::http::web::response::Written;
use crate::types::field_error::{FieldError, Location};
use poem::{Error, Response};
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError};

/// An answer as it is, or the problem behind it.
pub fn sort(outcome: Result<Response, Error>) -> Result<Response, Problem> {
    match outcome {
        Ok(response) => sort_response(response),
        Err(error) => match error.data::<Problem>() {
            Some(problem) => Err(problem.clone()),
            None if error.is_from_response() => sort_response(error.into_response()),
            None => Err(of_framework(&error)),
        },
    }
}

/// A bare 4xx or 5xx has no problem with it: it becomes one by its status. One that is written out as a page stays.
fn sort_response(response: Response) -> Result<Response, Problem> {
    match response.status() {
        _ if response.extensions().get::<Written>().is_some() => Ok(response),
        status if status.is_client_error() || status.is_server_error() => Err(Problem::of_status(status)),
        _ => Ok(response),
    }
}

/// The framework's own texts quote the sender's values: names are kept, texts are ours.
fn of_framework(error: &Error) -> Problem {
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return Problem::invalid(vec![FieldError::new(Location::Query, error.name, "is not valid")]);
    }
    if let Some(error) = error.downcast_ref::<ParsePathError>() {
        return Problem::invalid(vec![FieldError::new(Location::Path, error.name, "is not valid")]);
    }
    if error.is::<ParseRequestPayloadError>() {
        return Problem::invalid(vec![FieldError::new(Location::Body, "", "is not valid")]);
    }
    if error.is::<ContentTypeError>() {
        return Problem::of_status(http::StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let status = error.status();
    if status.is_server_error() {
        tracing::error!(%error, "unexpected error");
    }
    Problem::of_status(status)
}
