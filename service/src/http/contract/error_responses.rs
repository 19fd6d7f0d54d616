//! The error responses that each operation documents. The edge renders the problem itself.

use super::problem::{MEDIA_TYPE, Problem, ProblemBody};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use std::marker::PhantomData;

/// The error statuses of an operation, besides those of every operation.
pub trait Documented {
    /// The statuses in ascending order.
    const STATUSES: &'static [u16];
}

/// The error statuses of every operation.
const COMMON_STATUSES: [u16; 7] = [400, 408, 421, 429, 431, 500, 503];

/// A problem, typed by the statuses that its operation documents.
#[derive(Debug)]
pub struct ErrorResponse<S> {
    problem: Problem,
    statuses: PhantomData<S>,
}

impl<S, P: Into<Problem>> From<P> for ErrorResponse<S> {
    fn from(problem: P) -> Self {
        Self {
            problem: problem.into(),
            statuses: PhantomData,
        }
    }
}

impl<S: Send + Sync> From<ErrorResponse<S>> for poem::Error {
    fn from(response: ErrorResponse<S>) -> Self {
        response.problem.into()
    }
}

impl<S: Documented> ApiResponse for ErrorResponse<S> {
    fn meta() -> MetaResponses {
        let mut statuses: Vec<u16> = COMMON_STATUSES.iter().chain(S::STATUSES).copied().collect();
        statuses.sort_unstable();
        statuses.dedup();
        MetaResponses {
            responses: statuses.into_iter().map(response).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        ProblemBody::register(registry);
    }
}

fn response(status: u16) -> MetaResponse {
    MetaResponse {
        description: description(status),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: ProblemBody::schema_ref(),
        }],
        headers: Vec::new(),
    }
}

fn description(status: u16) -> &'static str {
    match status {
        400 => "Invalid request; `errors` lists the invalid fields",
        401 => "Authentication required; see `WWW-Authenticate`",
        403 => "The caller is not permitted to perform this operation",
        404 => "The resource does not exist",
        405 => "The resource does not support the method; see `Allow`",
        406 => "The resource is not available in a format that `Accept` permits",
        408 => "The request was not received in time",
        409 => "Conflicts with the current state of the resource",
        412 => "The resource no longer matches `If-Match`",
        413 => "The request body is too large",
        415 => "The media type of the request body is not supported",
        421 => "The service does not serve the requested host",
        426 => "The response is streamed, which requires HTTP/1.1 or HTTP/2",
        428 => "`If-Match` is required",
        429 => "Too many requests; retry after `Retry-After`",
        431 => "The request header fields are too large",
        503 => "The service is temporarily unavailable; retry after `Retry-After`",
        _ => "Internal error; quote `request_id` when you report it",
    }
}

/// No errors besides the common ones.
#[derive(Debug)]
pub struct NoExtraErrors;

impl Documented for NoExtraErrors {
    const STATUSES: &'static [u16] = &[];
}

/// Errors of public operations on one resource.
#[derive(Debug)]
pub struct NotFoundErrors;

impl Documented for NotFoundErrors {
    const STATUSES: &'static [u16] = &[404];
}

/// Errors of operations that require authentication.
#[derive(Debug)]
pub struct AuthErrors;

impl Documented for AuthErrors {
    const STATUSES: &'static [u16] = &[401, 403];
}

/// Errors of authenticated operations with a body.
#[derive(Debug)]
pub struct AuthBodyErrors;

impl Documented for AuthBodyErrors {
    const STATUSES: &'static [u16] = &[401, 403, 413, 415];
}

/// Errors of authenticated operations on one resource.
#[derive(Debug)]
pub struct AuthNotFoundErrors;

impl Documented for AuthNotFoundErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404];
}

/// Errors of authenticated operations with a body that may conflict with existing state.
#[derive(Debug)]
pub struct AuthConflictErrors;

impl Documented for AuthConflictErrors {
    const STATUSES: &'static [u16] = &[401, 403, 409, 413, 415];
}
