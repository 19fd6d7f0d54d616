//! Maps errors to problems: our own problems, errors of the framework, and bare error statuses.

use crate::http::contract::problem::Problem;
use crate::http::contract::rendered::Rendered;
use crate::types::field_error::{FieldError, Location};
use poem::{Error, Response};
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError};

/// The response as it is, or the problem that it stands for.
pub fn map_outcome(outcome: Result<Response, Error>) -> Result<Response, Problem> {
    match outcome {
        Ok(response) => map_response(response),
        Err(error) => match error.data::<Problem>() {
            Some(problem) => Err(problem.clone()),
            None if error.is_from_response() => map_response(error.into_response()),
            None => Err(of_framework(&error)),
        },
    }
}

/// Replaces a bare 4xx or 5xx by the problem of its status. A response that is marked as rendered stays.
fn map_response(response: Response) -> Result<Response, Problem> {
    match response.status() {
        _ if response.extensions().get::<Rendered>().is_some() => Ok(response),
        status if status.is_client_error() || status.is_server_error() => Err(Problem::of_status(status)),
        _ => Ok(response),
    }
}

/// The framework's messages quote the client's values, so only the field names are taken from them.
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
