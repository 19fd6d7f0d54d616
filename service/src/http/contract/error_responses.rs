//! What an operation may refuse with, so that the document says it. The problem itself is written at the edge.

use super::problem::{MEDIA_TYPE, Problem, ProblemBody};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use std::marker::PhantomData;

/// The statuses that an operation refuses with, beside those of every operation.
pub trait Statuses {
    /// The statuses, ascending.
    const OWN: &'static [u16];
}

/// Statuses that any operation may answer: a bad request line, Host or parameter, limits, failure.
const EVERYWHERE: [u16; 7] = [400, 408, 421, 429, 431, 500, 503];

/// A problem, with the statuses that its operation documents.
#[derive(Debug)]
pub struct Refusal<S> {
    problem: Problem,
    statuses: PhantomData<S>,
}

impl<S, P: Into<Problem>> From<P> for Refusal<S> {
    fn from(problem: P) -> Self {
        Self {
            problem: problem.into(),
            statuses: PhantomData,
        }
    }
}

impl<S: Send + Sync> From<Refusal<S>> for poem::Error {
    fn from(refusal: Refusal<S>) -> Self {
        refusal.problem.into()
    }
}

impl<S: Statuses> ApiResponse for Refusal<S> {
    fn meta() -> MetaResponses {
        let mut statuses: Vec<u16> = EVERYWHERE.iter().chain(S::OWN).copied().collect();
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
        description: describe(status),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: ProblemBody::schema_ref(),
        }],
        headers: Vec::new(),
    }
}

fn describe(status: u16) -> &'static str {
    match status {
        400 => "The request is not valid; `errors` names the fields",
        401 => "Who asks is not known; `WWW-Authenticate` says how to tell",
        403 => "Who asks may not do this",
        404 => "There is no such thing",
        405 => "This path does not take this method; `Allow` lists those it takes",
        406 => "None of the formats that `Accept` asks for can be had",
        408 => "The request did not arrive in time",
        409 => "What is there stands in the way",
        412 => "The thing has changed since `If-Match` was read",
        413 => "The body is larger than this operation takes",
        415 => "The body's Content-Type is not taken here",
        428 => "`If-Match` is missing",
        421 => "This service does not answer for the Host of the request",
        429 => "Too many requests; `Retry-After` says when to come back",
        431 => "The request's head is too large",
        503 => "The service cannot answer now; `Retry-After` says when to come back",
        _ => "Something went wrong here; the request id names it in our log",
    }
}

/// Operations without a refusal of their own.
#[derive(Debug)]
pub struct Nothing;

impl Statuses for Nothing {
    const OWN: &'static [u16] = &[];
}

/// Operations that look one thing up.
#[derive(Debug)]
pub struct Lookup;

impl Statuses for Lookup {
    const OWN: &'static [u16] = &[404];
}

/// Operations for signed-in callers.
#[derive(Debug)]
pub struct Guarded;

impl Statuses for Guarded {
    const OWN: &'static [u16] = &[401, 403];
}

/// Operations for signed-in callers that take a body.
#[derive(Debug)]
pub struct GuardedForm;

impl Statuses for GuardedForm {
    const OWN: &'static [u16] = &[401, 403, 413, 415];
}

/// Operations for signed-in callers that look one thing up.
#[derive(Debug)]
pub struct GuardedLookup;

impl Statuses for GuardedLookup {
    const OWN: &'static [u16] = &[401, 403, 404];
}

/// Operations for signed-in callers that take a body, and may find something in the way.
#[derive(Debug)]
pub struct GuardedDeed;

impl Statuses for GuardedDeed {
    const OWN: &'static [u16] = &[401, 403, 409, 413, 415];
}
