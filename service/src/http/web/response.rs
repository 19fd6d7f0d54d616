//! Answers of pages: a page, or a way on. Their policy lets in our stylesheet and our pictures, and no script at all.

use crate::http::contract::problem::Problem;
use askama::Template;
use http::{HeaderValue, StatusCode, header};
use poem::{Body, Response};

/// What a page may do: its stylesheet, its pictures, forms to ourselves.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// Marks an answer as written out: a page of a refusal is not to be written again from its status.
#[derive(Clone, Copy, Debug)]
pub struct Written;

/// A page.
pub fn page(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "page cannot be written");
        Problem::internal()
    })?;
    let mut response = Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .body(Body::from(html));
    response.extensions_mut().insert(Written);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// A way on: GET there (RFC 9110 §15.4.4), so that a reload sends nothing twice. `target` is a path of ours.
pub fn see_other(target: &str) -> Response {
    let target = HeaderValue::from_str(target).unwrap_or_else(|_| HeaderValue::from_static("/"));
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .finish()
}
