//! The order of it all. In: identity, Host, size, rate, method, parameters, body. Out: problem, headers, metrics, log.

use super::body::BodyPolicy;
use super::cors::{Cors, RequestOrigin};
use super::error_mapping;
use super::hosts::Hosts;
use super::rate_limit::{RateLimit, Remaining};
use super::request_id::Identity;
use super::security_headers;
use super::{accept, head_limits, query_params};
use crate::domain::sessions::Sessions;
use crate::http::contract::negotiate;
use crate::http::contract::problem::{self, Problem};
use crate::http::openapi::operations::{Kind, Operations, PathOperations};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::redact;
use crate::telemetry::trace_context::hex;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use poem::endpoint::BoxEndpoint;
use poem::{Body, Endpoint, Request, Response, Result};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

/// Everything that the edge needs.
pub struct EdgeParts {
    /// Paths, methods, parameters.
    pub operations: Operations,
    /// The names that we answer to.
    pub hosts: Hosts,
    /// Origins that may read answers.
    pub cors: Cors,
    /// How often one address may ask.
    pub rate_limit: Arc<RateLimit>,
    /// What bodies may be.
    pub body: BodyPolicy,
    /// Knows who is signed in.
    pub sessions: Sessions,
    /// The instruments.
    pub metrics: Metrics,
    /// Writes a problem as a page, for the request of this path and id.
    pub error_page: fn(Problem, &str, &str) -> Response,
}

/// What is inside. By hand: to nest one route in another costs as much as all the rest of routing.
pub struct Routes {
    /// The operations of the document.
    pub operations: BoxEndpoint<'static, Response>,
    /// Pages and files.
    pub beside: BoxEndpoint<'static, Response>,
}

/// The routes, with the edge around them.
pub struct Edge {
    routes: Routes,
    parts: EdgeParts,
}

/// What is known of a request before it is let in.
struct Admission {
    remaining: Option<Remaining>,
    counted: bool,
}

/// How a refusal is written.
#[derive(Clone, Copy)]
enum Look {
    Problem,
    Page,
}

impl Look {
    /// Operations answer problems, pages answer pages. Where it could be either (the index, what is not there at all)
    /// `Accept` says what the asker prefers.
    fn of(operations: Option<&PathOperations>, headers: &HeaderMap) -> Self {
        match operations {
            Some(path) if path.kind == Kind::Page => return Self::Page,
            Some(path) if path.kind == Kind::Operation && path.template != "/" => return Self::Problem,
            _ => {}
        }
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok());
        match negotiate::best(accept, &[problem::MEDIA_TYPE, "text/html"]) {
            Some(1) => Self::Page,
            _ => Self::Problem,
        }
    }
}

impl Edge {
    /// Puts the edge around the routes.
    pub fn new(routes: Routes, parts: EdgeParts) -> Self {
        Self { routes, parts }
    }

    /// Refuses what must not come in, or lets it in and sorts what comes out.
    async fn answer(
        &self,
        mut request: Request,
        operations: Option<&PathOperations>,
        request_id: &str,
        admission: &mut Admission,
    ) -> Result<Response, Problem> {
        let parts = &self.parts;
        parts.hosts.check(&request)?;
        head_limits::check_head(request.uri(), request.headers())?;
        admission.counted = true;
        admission.remaining = Some(parts.rate_limit.check(address(&request))?);
        parts.body.check_length(request.headers())?;
        if request.version() == Version::HTTP_2 {
            // An HTTP/2 client may still be sending: what it sends wrongly must be seen before an answer ends the stream.
            let whole = parts.body.read(request.take_body()).await?;
            request.set_body(whole);
        }
        let operations = operations.ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))?;
        if request.method() == Method::OPTIONS {
            let allowed = Response::builder().header(header::ALLOW, operations.allow.clone());
            return Ok(allowed.status(StatusCode::NO_CONTENT).finish());
        }
        if operations.parameters(request.method()).is_none() {
            let detail = "this path does not take this method";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
            return Err(problem.with_header(header::ALLOW, operations.allow.clone()));
        }
        accept::join_accept(request.headers_mut());
        let client = client(&request, request_id);
        let extensions = request.extensions_mut();
        extensions.insert(parts.body);
        extensions.insert(parts.sessions.clone());
        extensions.insert(client);
        let safe = matches!(*request.method(), Method::GET | Method::HEAD);
        let unknown = query_params::unknown_parameters(operations, request.method(), request.uri().query());
        if !unknown.is_empty() && !safe {
            return Err(Problem::invalid(unknown));
        }
        let head = request.method() == Method::HEAD;
        if head {
            request.set_method(Method::GET);
        }
        let routes = match operations.kind {
            Kind::Operation => &self.routes.operations,
            Kind::Page | Kind::File => &self.routes.beside,
        };
        let inside = AssertUnwindSafe(routes.call(request)).catch_unwind().await;
        let outcome = inside
            .map_err(|_| Problem::internal())
            .and_then(error_mapping::sort);
        match outcome {
            outcome if !unknown.is_empty() => Err(with_unknown(outcome, unknown)),
            Ok(response) if head => Ok(without_body(response).await),
            outcome => outcome,
        }
    }
}

impl Endpoint for Edge {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let begun = Instant::now();
        let parts = &self.parts;
        let mut identity = Identity::of(request.headers());
        let operations = parts.operations.find(request.uri().path());
        let route = operations.map(|operations| operations.template);
        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            otel.name = route.unwrap_or("unmatched"),
            otel.status_code = tracing::field::Empty,
            http.response.status_code = tracing::field::Empty,
            http.request.method = request.method().as_str(),
            http.route = route,
            url.path = redact::path(request.uri().path()).as_ref(),
            request_id = identity.request_id,
            trace_id = tracing::field::Empty
        );
        identity.trace.join(&span);
        span.record("trace_id", hex(identity.trace.trace_id.to_be_bytes()));
        let origin = RequestOrigin::of(request.headers());
        let look = Look::of(operations, request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let mut admission = Admission {
            remaining: None,
            counted: false,
        };
        let outcome = self
            .answer(request, operations, &identity.request_id, &mut admission)
            .instrument(span.clone())
            .await;
        let mut response = outcome.unwrap_or_else(|problem| match look {
            Look::Problem => problem.into_response(&path, &identity.request_id),
            Look::Page => (parts.error_page)(problem, &path, &identity.request_id),
        });
        let answer = response.headers_mut();
        identity.write(answer);
        security_headers::write(answer);
        parts.cors.write(
            &method,
            &origin,
            answer,
            operations.map(|operations| &operations.allow),
        );
        if admission.counted {
            parts.rate_limit.write(admission.remaining, answer);
        }
        let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
        parts.metrics.answered(route, &method, status, elapsed);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        span.record("http.response.status_code", status);
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        span.in_scope(|| tracing::info!(elapsed_us, "answered"));
        Ok(response)
    }
}

/// A safe request with unknown parameters was run for its other faults: whatever it came to, it is refused. Who is not
/// let in learns nothing about parameters.
fn with_unknown(outcome: Result<Response, Problem>, unknown: Vec<FieldError>) -> Problem {
    let mut problem = match outcome {
        Err(problem) if matches!(problem.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            return problem;
        }
        Err(problem) if problem.status == StatusCode::BAD_REQUEST => problem,
        _ => Problem::invalid(Vec::new()),
    };
    problem.faults.extend(unknown);
    problem
}

/// HEAD is GET without the body, with the same headers, the length among them (RFC 9110 §9.3.2).
async fn without_body(mut response: Response) -> Response {
    let length = match response.take_body().into_bytes().await {
        Ok(body) => body.len(),
        Err(_) => return Problem::internal().into_response("", ""),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response.set_body(Body::empty());
    response
}

fn address(request: &Request) -> IpAddr {
    let client = request
        .remote_addr()
        .as_socket_addr()
        .map(std::net::SocketAddr::ip);
    client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn client(request: &Request, request_id: &str) -> ClientInfo {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    ClientInfo {
        address: address(request),
        request_id: request_id.to_owned(),
        user_agent: agent.chars().filter(|c| !c.is_control()).take(200).collect(),
    }
}
