//! Responses of pages: HTML or a redirect. Their content security policy allows our stylesheet and images, and no script.

use crate::http::contract::problem::Problem;
use crate::http::contract::rendered::Rendered;
use askama::Template;
use http::{HeaderValue, StatusCode, header};
use poem::{Body, Response};

/// Allows the stylesheet, images and forms of this origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// Renders a page. askama escapes every value in a template whose file ends with `.html`; none turns that off.
pub fn page(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "cannot render a page");
        Problem::internal()
    })?;
    let mut response = Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .body(Body::from(html));
    response.extensions_mut().insert(Rendered);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// Redirects to GET this path of ours (RFC 9110 §15.4.4), so that a reload does not submit a form twice.
pub fn see_other(target: &str) -> Response {
    let target = HeaderValue::from_str(target).unwrap_or_else(|_| HeaderValue::from_static("/"));
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .finish()
}
