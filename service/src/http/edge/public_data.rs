//! Responses of public data that the next import changes: any cache may store them, and asks before it reuses them (RFC 9111 §5.2.2.4).

use super::streamed_response::is_streamed;
use crate::http::contract::entity_tag;
use crate::http::contract::problem::Problem;
use http::{HeaderValue, StatusCode, header};
use poem::Response;

/// Completes the headers of a successful response. Operations may have set an entity tag; those that stream their responses have to.
pub async fn describe(mut response: Response) -> Result<Response, Problem> {
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    if !response.headers().contains_key(header::ETAG) && !is_streamed(&response) {
        let body = response.take_body().into_bytes().await;
        let body = body.map_err(|_| Problem::internal())?;
        let tag = entity_tag::of_content(&body);
        response.headers_mut().insert(header::ETAG, tag);
        response.set_body(body);
    }
    let caching = HeaderValue::from_static("public, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    Ok(response)
}
