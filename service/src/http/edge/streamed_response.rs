//! Responses that are produced while their clients read them. They are not collected: an error after the first byte aborts the
//! connection (HTTP/1.1) or the stream (HTTP/2), so that a truncated response never looks complete.

use super::compression::{self, Coding};
use super::conditional::Condition;
use super::response_budget::ResponseShare;
use crate::http::contract::entity_tag;
use crate::http::contract::problem::Problem;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, StatusCode, Version, header};
use poem::{Body, Response};
use std::sync::Arc;

/// Marks a response that is streamed.
#[derive(Clone, Copy, Debug)]
struct Streamed;

/// A response of these parts. The operation must be listed as streaming its responses.
pub fn streamed(
    content_type: &str,
    parts: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
) -> Response {
    Response::builder()
        .content_type(content_type)
        .extension(Streamed)
        .body(Body::from_bytes_stream(parts))
}

/// Whether the response is streamed.
pub fn is_streamed(response: &Response) -> bool {
    response.extensions().get::<Streamed>().is_some()
}

/// Rejects clients of HTTP/1.0: the end of their connection would be the end of the response, so that they could not detect a
/// truncated one.
pub fn check_version(version: Version) -> Result<(), Problem> {
    if version >= Version::HTTP_11 {
        return Ok(());
    }
    let detail = "this response is streamed, which requires HTTP/1.1 or HTTP/2";
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "newer-http-required", detail);
    let upgrade = problem.with_header(header::UPGRADE, HeaderValue::from_static("HTTP/1.1"));
    Err(upgrade.with_header(header::CONNECTION, HeaderValue::from_static("Upgrade")))
}

/// Completes a streamed response: its content coding, and its share of the budget, which the listener holds until the response
/// ends. The response to HEAD has no body and holds nothing, as that to a client that has the current representation.
pub fn complete(
    mut response: Response,
    coding: Coding,
    condition: &Condition,
    share: ResponseShare,
    head: bool,
) -> Result<Response, Problem> {
    let negotiated = HeaderValue::from_static("Accept-Encoding");
    response.headers_mut().append(header::VARY, negotiated);
    if let Some(name) = coding.name() {
        let tag = response.headers().get(header::ETAG);
        let tag = tag.map(|tag| entity_tag::with_coding(tag, name));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
    }
    let mut response = condition.apply(response);
    let parts = response.take_body().into_bytes_stream();
    if head || response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let encoded = compression::encode(parts, coding).map_err(|error| {
        tracing::error!(%error, "cannot compress a response");
        Problem::internal()
    })?;
    response.extensions_mut().insert(Arc::new(share));
    response.set_body(Body::from_bytes_stream(encoded));
    Ok(response)
}
