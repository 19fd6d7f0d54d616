//! RFC 9457 problems: the body of every 4xx and 5xx. Discloses nothing internal.

use crate::domain::StorageError;
use crate::types::field_error::FieldError;
use crate::types::request_id::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{Body, Response};
use poem_openapi::Object;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// The kind of a problem: too many wrong passwords or codes.
pub const TOO_MANY_ATTEMPTS: &str = "too-many-attempts";

/// The kind of a problem: too many wrong codes at one account.
pub const TOO_MANY_CODES: &str = "too-many-codes";

/// The kind of a problem: too many requested mails.
pub const TOO_MANY_MAILS: &str = "too-many-mails";

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error response before it is rendered.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The last part of the problem type.
    pub kind: &'static str,
    /// An explanation for the client.
    pub detail: Cow<'static, str>,
    /// The invalid fields.
    pub errors: Vec<FieldError>,
    /// Headers that the status requires, such as `Allow` or `Retry-After`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Marks a response with the kind of the problem that it stands for.
#[derive(Clone, Copy, Debug)]
pub struct ProblemKind(pub &'static str);

/// Describes an error (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Problem")]
pub struct ProblemBody {
    /// URI of the problem type. Compare it as a whole; do not parse it.
    #[serde(rename = "type")]
    #[oai(rename = "type", validator(max_length = 128))]
    pub kind: String,
    /// Short summary of the problem type; the same for every occurrence.
    #[oai(validator(max_length = 128))]
    pub title: String,
    /// HTTP status code.
    #[oai(validator(minimum(value = "400"), maximum(value = "599")))]
    pub status: u16,
    /// Explanation of this occurrence.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// Identifies this occurrence in the service's logs.
    #[oai(validator(max_length = 128))]
    pub request_id: String,
    /// The request's `X-Request-Id`, if it has a valid one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none, validator(max_length = 128))]
    pub client_request_id: Option<String>,
    /// The invalid fields, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default, skip_serializing_if_is_empty)]
    pub errors: Vec<FieldErrorBody>,
}

/// An invalid field of the request.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "FieldError")]
pub struct FieldErrorBody {
    /// Location of the field: `query`, `path`, `header` or `body`.
    #[serde(rename = "in")]
    #[oai(rename = "in")]
    pub location: String,
    /// Name of the field.
    pub field: String,
    /// Why the value was rejected.
    pub reason: String,
    /// Line of a body that consists of rows, from 1; in a JSON array, the number of its element.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub line: Option<u64>,
}

impl Problem {
    /// A problem of this status; `kind` is the last part of its type, as in `unknown-place`.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 400 for these fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "invalid-fields",
            "some fields of the request are invalid",
        );
        problem.errors = errors;
        problem
    }

    /// 404 for a resource that does not exist.
    pub fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// 503 with a `Retry-After` of one second.
    pub fn unavailable(detail: &'static str) -> Self {
        Self::unavailable_for(detail, Duration::from_secs(1))
    }

    /// 503 with this `Retry-After`.
    pub fn unavailable_for(detail: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)))
    }

    /// 429 with this `Retry-After`.
    pub fn too_many(kind: &'static str, detail: &'static str, wait: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)))
    }

    /// 500. The cause is logged with the request's id.
    pub fn internal() -> Self {
        let detail = "an internal error occurred; quote the request id when you report it";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The problem of a bare status, as the framework raises it.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("there is no resource at this path"),
            StatusCode::BAD_REQUEST => Self::new(status, "bad-request", "the request is invalid"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                status,
                "unsupported-media-type",
                "the media type of the request body is not supported",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "too-large", "the request body is too large"),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable("the service is temporarily unavailable"),
            status if status.is_server_error() => Self::internal(),
            status => Self::new(
                status,
                "refused",
                status.canonical_reason().unwrap_or("refused").to_lowercase(),
            ),
        }
    }

    /// The URI of a problem type.
    pub fn type_of(kind: &str) -> String {
        format!("urn:portcullis:problem:{kind}")
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The response to the request with this path and id.
    pub fn into_response(self, path: &str, request_id: &RequestId) -> Response {
        let (status, kind) = (self.status, ProblemKind(self.kind));
        let (headers, body) = self.into_parts_of(path, request_id);
        let mut response = Response::builder().status(status).body(Body::from(body));
        *response.headers_mut() = headers;
        response.extensions_mut().insert(kind);
        response
    }

    /// Headers and body of the response to a request whose path is unknown.
    pub fn into_parts(self, request_id: &RequestId) -> (HeaderMap, Vec<u8>) {
        self.into_parts_of("", request_id)
    }

    fn into_parts_of(self, path: &str, request_id: &RequestId) -> (HeaderMap, Vec<u8>) {
        let errors = self.errors.into_iter().map(|error| FieldErrorBody {
            location: error.location.as_str().into(),
            field: error.field,
            reason: error.reason.into_owned(),
            line: error.line,
        });
        let body = ProblemBody {
            kind: Self::type_of(self.kind),
            title: title(self.kind, self.status),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            // Truncated: a long path is the client's own and need not be echoed whole.
            instance: path.chars().take(256).collect(),
            request_id: request_id.own.clone(),
            client_request_id: request_id.of_client.clone(),
            errors: errors.collect(),
        };
        let mut headers: HeaderMap = self.headers.into_iter().collect();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        (headers, serde_json::to_vec(&body).unwrap_or_default())
    }
}

fn title(kind: &str, status: StatusCode) -> String {
    let mut title = kind.replace('-', " ");
    if title == "refused" {
        title = status.canonical_reason().unwrap_or("refused").to_lowercase();
    }
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable => Self::unavailable("the database is unavailable"),
            StorageError::Exhausted => Self::unavailable("too many requests are waiting for the database"),
            StorageError::Timeout => Self::unavailable("the database took too long"),
            StorageError::OutOfResources => Self::unavailable_for(
                "the database lacks a resource, and an operator has to act",
                Duration::from_secs(60),
            ),
            StorageError::Constraint(_) | StorageError::Failed => Self::internal(),
        }
    }
}

/// Carries the problem to the edge, which knows the path and the id and renders it.
impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let mut error = Self::from_status(problem.status);
        error.set_data(problem);
        error
    }
}

/// A wait in whole seconds for `Retry-After`: rounded up so that a client never retries too early, and at least one.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}
