//! The order of the edge. In: request id, client, rate limit, transfer coding, Host, head size, unread responses, body size,
//! path, method, content coding, parameters. Out: problem or response, headers, metrics, one log line.

use super::body::BodyPolicy;
use super::client_address::ClientAddresses;
use super::compression::Coding;
use super::conditional::Condition;
use super::cors::{Cors, RequestOrigin};
use super::error_mapping;
use super::hosts::{HostPolicy, Hosts};
use super::rate_limit::RateLimit;
use super::request_id::RequestIds;
use super::request_quota::RequestQuota;
use super::response_budget::ResponseBudget;
use super::security_events::{self, SecurityEvents};
use super::security_headers;
use super::{accept, codings, head_limits, public_data, query_params, streamed_response};
use crate::domain::principals::Principals;
use crate::http::contract::negotiate;
use crate::http::contract::problem::{self, Problem, ProblemKind};
use crate::http::openapi::extra_route::RouteKind;
use crate::http::openapi::operation_policy::BodyRule;
use crate::http::openapi::route_table::{RouteEntry, RouteTable};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::redact;
use crate::telemetry::trace_context::hex;
use crate::types::client_info::{ClientInfo, network};
use crate::types::field_error::FieldError;
use crate::types::request_id::RequestId;
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
    /// Paths, methods and query parameters.
    pub routes: RouteTable,
    /// Accepted Host names.
    pub hosts: Hosts,
    /// Origins that may read responses.
    pub cors: Cors,
    /// Finds the addresses of clients.
    pub client_addresses: ClientAddresses,
    /// The rate limit per client address.
    pub rate_limit: Arc<RateLimit>,
    /// Limits of request bodies.
    pub body: BodyPolicy,
    /// The memory of unread responses.
    pub responses: ResponseBudget,
    /// Authenticates callers.
    pub principals: Principals,
    /// The metrics.
    pub metrics: Metrics,
    /// Renders a problem as a page, given the path and the id of the request.
    pub error_page: fn(Problem, &str, &RequestId) -> Response,
    /// Logs rejected requests.
    pub security_events: Arc<SecurityEvents>,
}

/// The routers inside the edge. Separate because nesting one poem router in another doubles the cost of routing.
pub struct Routes {
    /// The operations of the OpenAPI document.
    pub operations: BoxEndpoint<'static, Response>,
    /// Pages and files.
    pub extra: BoxEndpoint<'static, Response>,
}

/// The routes, with the edge around them.
pub struct Edge {
    routes: Routes,
    parts: EdgeParts,
}

/// How an error is rendered.
#[derive(Clone, Copy)]
enum ErrorFormat {
    Problem,
    Page,
}

impl ErrorFormat {
    /// Operations answer with problems, pages with pages. For the index, which is both, and for unknown paths, `Accept`
    /// decides.
    fn of(route: Option<&RouteEntry>, headers: &HeaderMap) -> Self {
        match route {
            Some(route) if route.kind == RouteKind::Page => return Self::Page,
            Some(route) if route.kind == RouteKind::Operation && route.template != "/" => {
                return Self::Problem;
            }
            _ => {}
        }
        // Who prefers JSON to HTML gets JSON's own format of problems.
        let offered = [
            (problem::MEDIA_TYPE, Self::Problem),
            ("application/json", Self::Problem),
            ("text/html", Self::Page),
        ];
        negotiate::best(headers, &offered).unwrap_or(Self::Problem)
    }
}

impl Edge {
    /// An edge around these routes.
    pub fn new(routes: Routes, parts: EdgeParts) -> Self {
        Self { routes, parts }
    }

    /// Rejects the request, or passes it to its route and maps the outcome.
    async fn handle(
        &self,
        mut request: Request,
        route: Option<&RouteEntry>,
        request_id: &RequestId,
        admitted: Result<IpAddr, Problem>,
    ) -> Result<Response, Problem> {
        let parts = &self.parts;
        let address = admitted?;
        codings::check_transfer(request.headers())?;
        let is_probe = route.is_some_and(|route| route.template.starts_with("/health/"));
        let policy = if is_probe {
            HostPolicy::Any
        } else {
            HostPolicy::Listed
        };
        parts.hosts.check(&request, policy)?;
        head_limits::check(request.uri(), request.headers())?;
        parts.responses.check(address)?;
        let policy = route.and_then(|route| route.policy(request.method()));
        let rule = policy.and_then(|policy| policy.body);
        let body_policy = parts.body.with(rule);
        body_policy.check_length(request.headers())?;
        let (mut decoded, mut is_buffered) = ([].as_slice(), true);
        if let Some(BodyRule::Streamed { codings, .. }) = rule {
            (decoded, is_buffered) = (codings, false);
        }
        if request.version() == Version::HTTP_2 && is_buffered {
            // An HTTP/2 client may still be sending: its errors must be detected before a response ends the stream.
            let body = body_policy.read(request.take_body()).await?;
            request.set_body(body);
        }
        if request.method() == Method::OPTIONS && request.uri().path() == "*" {
            // Of the server in general, not of a resource (RFC 9110 §9.3.7).
            let allowed = Response::builder().header(header::ALLOW, parts.routes.methods());
            return Ok(allowed.status(StatusCode::NO_CONTENT).finish());
        }
        let route = route.ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))?;
        if request.method() == Method::OPTIONS {
            let allowed = Response::builder().header(header::ALLOW, route.allow.clone());
            return Ok(allowed.status(StatusCode::NO_CONTENT).finish());
        }
        if route.parameters(request.method()).is_none() {
            let detail = "this resource does not support the method; see `Allow`";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
            return Err(problem.with_header(header::ALLOW, route.allow.clone()));
        }
        let client = client(&request, address, request_id);
        let extensions = request.extensions_mut();
        extensions.insert(body_policy);
        extensions.insert(parts.principals.clone());
        extensions.insert(client);
        let safe = matches!(*request.method(), Method::GET | Method::HEAD);
        if !safe {
            codings::check_content(request.headers(), decoded)?;
        }
        let unknown = query_params::unknown(route, request.method(), request.uri().query());
        if !unknown.is_empty() && !safe {
            return Err(Problem::invalid(unknown));
        }
        let stream = match policy.and_then(|policy| policy.streams_per_client) {
            Some(limit) => {
                streamed_response::check_version(request.version())?;
                if is_buffered && request.version() != Version::HTTP_2 {
                    // A client that sends slowly must not take a stream from others meanwhile.
                    let body = body_policy.read(request.take_body()).await?;
                    request.set_body(body);
                }
                Some(parts.responses.take_stream(address, limit).await?)
            }
            None => None,
        };
        let (condition, coding) = (Condition::of(&request), Coding::of(request.headers()));
        let head = request.method() == Method::HEAD;
        if head {
            request.set_method(Method::GET);
        }
        let routes = match route.kind {
            RouteKind::Operation => &self.routes.operations,
            RouteKind::Page | RouteKind::File => &self.routes.extra,
        };
        let caught = AssertUnwindSafe(routes.call(request)).catch_unwind().await;
        let outcome = caught
            .map_err(|_| Problem::internal())
            .and_then(error_mapping::map_outcome);
        let outcome = match outcome {
            Ok(response) if policy.is_some_and(|policy| policy.is_public_data) => {
                public_data::describe(response).await
            }
            outcome => outcome,
        };
        let response = match outcome {
            outcome if !unknown.is_empty() => return Err(with_unknown(outcome, unknown)),
            Ok(response) if streamed_response::is_streamed(&response) => {
                // Without a share it would be unbounded.
                let share = stream.ok_or_else(Problem::internal)?;
                return streamed_response::complete(response, coding, &condition, share, head);
            }
            Ok(response) if head => return Ok(condition.apply(without_body(response).await)),
            outcome => condition.apply(outcome?),
        };
        self.within_budget(response, address, safe).await
    }

    /// Attaches the response's share of the budget, which the listener holds until the client has read the response. The
    /// response to a change is sent in any case, because the change has been made.
    async fn within_budget(
        &self,
        mut response: Response,
        client: IpAddr,
        safe: bool,
    ) -> Result<Response, Problem> {
        let body = response
            .take_body()
            .into_bytes()
            .await
            .map_err(|_| Problem::internal())?;
        let share = if safe {
            self.parts.responses.take(client, &body)?
        } else {
            self.parts.responses.take_always(client, &body)
        };
        response.extensions_mut().insert(Arc::new(share));
        response.set_body(body);
        Ok(response)
    }
}

impl Endpoint for Edge {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let started = Instant::now();
        accept::join(request.headers_mut());
        let parts = &self.parts;
        let mut ids = RequestIds::of(request.headers());
        let client = parts.client_addresses.find(&request);
        // Every request counts, whatever is wrong with it. Those with an ambiguous client share one quota: counted to a
        // proxy, they would use up its own.
        let counted = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let checked = parts.rate_limit.check(counted);
        let admitted = checked
            .map_err(Problem::from)
            .and_then(|_| client.map_err(Problem::from));
        let quota = RequestQuota::new(Arc::clone(&parts.rate_limit), counted, checked);
        request.extensions_mut().insert(quota.clone());
        let route = parts.routes.find(request.uri().path());
        let template = route.map(|route| route.template);
        let client_network = network(counted);
        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            otel.name = template.unwrap_or("unmatched"),
            otel.status_code = tracing::field::Empty,
            http.response.status_code = tracing::field::Empty,
            http.request.method = request.method().as_str(),
            http.route = template,
            url.path = redact::path(request.uri().path()).as_ref(),
            request_id = ids.request_id.own,
            client_request_id = ids.request_id.of_client,
            client_network = %client_network,
            account_id = tracing::field::Empty,
            client_id = tracing::field::Empty,
            attempted_account_id = tracing::field::Empty,
            trace_id = tracing::field::Empty
        );
        ids.trace.join(&span);
        span.record("trace_id", hex(ids.trace.trace_id.to_be_bytes()));
        let origin = RequestOrigin::of(request.headers());
        let error_format = ErrorFormat::of(route, request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let outcome = self
            .handle(request, route, &ids.request_id, admitted)
            .instrument(span.clone())
            .await;
        let mut response = outcome.unwrap_or_else(|problem| match error_format {
            ErrorFormat::Problem => problem.into_response(&path, &ids.request_id),
            ErrorFormat::Page => (parts.error_page)(problem, &path, &ids.request_id),
        });
        let headers = response.headers_mut();
        ids.write(headers);
        security_headers::write(headers);
        let allow = route.map(|route| &route.allow);
        parts.cors.write(&method, &origin, headers, allow);
        parts.rate_limit.write(&quota.checked(), headers);
        let (status, elapsed) = (response.status().as_u16(), started.elapsed());
        parts.metrics.answered(template, &method, status, elapsed);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        span.record("http.response.status_code", status);
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        span.in_scope(|| {
            let kind = response.extensions().get::<ProblemKind>().map(|kind| kind.0);
            if let Some(event) = security_events::name(response.status(), kind) {
                parts.security_events.report(event, kind, client_network);
            }
            tracing::info!(elapsed_us, "answered");
        });
        Ok(response)
    }
}

/// A safe request with unknown parameters runs anyway, to collect its other field errors, and is then rejected. A caller
/// without access learns nothing about parameters.
fn with_unknown(outcome: Result<Response, Problem>, unknown: Vec<FieldError>) -> Problem {
    let mut problem = match outcome {
        Err(problem) if matches!(problem.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            return problem;
        }
        Err(problem) if problem.status == StatusCode::BAD_REQUEST => problem,
        _ => Problem::invalid(Vec::new()),
    };
    problem.errors.extend(unknown);
    problem
}

/// HEAD is GET without the body, with the same headers including `Content-Length` (RFC 9110 §9.3.2).
async fn without_body(mut response: Response) -> Response {
    let length = match response.take_body().into_bytes().await {
        Ok(body) => body.len(),
        Err(_) => return Problem::internal().into_response("", &RequestId::default()),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response.set_body(Body::empty());
    response
}

fn client(request: &Request, address: IpAddr, request_id: &RequestId) -> ClientInfo {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    ClientInfo {
        address,
        request_id: request_id.clone(),
        user_agent: agent.chars().filter(|c| !c.is_control()).take(200).collect(),
        operator: None,
    }
}
