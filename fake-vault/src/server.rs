//! HTTP/1.1: connections, requests and answers on the wire.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::answer::{Answer, Payload, Refusal};
use crate::control;
use crate::core::{self, Effect, Node, Request, Vault};

/// More than the server accepts, so that it can refuse a larger body with an answer.
const MAX_READ: usize = 64 << 20;

/// Accepts connections until the task is dropped.
pub(crate) async fn serve(vault: Arc<Vault>, listener: TcpListener, node: Node) {
    loop {
        // A connection that breaks while it is accepted is the client's.
        if let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(connection(Arc::clone(&vault), stream, peer.ip(), node));
        }
    }
}

async fn connection(vault: Arc<Vault>, stream: TcpStream, source: IpAddr, node: Node) {
    let service = service_fn(move |request| {
        let vault = Arc::clone(&vault);
        async move { respond(&vault, request, source, node).await }
    });
    // The client sees a broken connection itself.
    let _end = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Answers a request. An error closes the connection without an answer.
async fn respond(
    vault: &Vault,
    request: hyper::Request<Incoming>,
    source: IpAddr,
    node: Node,
) -> Result<Response<Full<Bytes>>, Disconnected> {
    let request = read(request, source).await.ok_or(Disconnected)?;
    if let Some(path) = request.path.strip_prefix("/control/") {
        return Ok(write(
            control::handle(vault, path, &request.method, &request.body).await,
        ));
    }
    vault.injected.wait_while_frozen().await;
    let effect = vault
        .injected
        .effect(request.path.trim_start_matches("/v1/"))
        .await;
    let answer = match effect {
        Some(Effect::Disconnect) => return Err(Disconnected),
        Some(Effect::LoseAnswer) => {
            route(vault, request, node).await;
            return Err(Disconnected);
        }
        Some(Effect::EndLeaseAfterMs(milliseconds)) => {
            let answer = route(vault, request, node).await;
            core::end_lease_after(vault, &answer, milliseconds);
            answer
        }
        Some(Effect::Error { status, text }) => Refusal::plain(status, text).into(),
        Some(Effect::Body(text)) => text_answer(200, "application/json", text),
        Some(Effect::Redirect(location)) => Answer {
            headers: vec![("location", location)],
            ..Answer::empty(307)
        },
        Some(Effect::DelayMs(_)) | None => route(vault, request, node).await,
    };
    Ok(write(answer))
}

/// The connection is closed without an answer.
#[derive(Debug)]
struct Disconnected;

impl std::fmt::Display for Disconnected {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("disconnected")
    }
}

impl std::error::Error for Disconnected {}

impl From<Infallible> for Disconnected {
    fn from(never: Infallible) -> Disconnected {
        match never {}
    }
}

async fn route(vault: &Vault, request: Request, node: Node) -> Answer {
    if let Some(redirect) = core::redirect_to_clean_path(&request.path) {
        return redirect;
    }
    if request.path.starts_with("/v1/") {
        let answer = core::handle(vault, node, request).await;
        // An answer that is sent is true after the server was killed.
        return match vault.save() {
            Ok(()) => answer,
            Err(error) => Refusal::plain(500, format!("{error:#}")).into(),
        };
    }
    if request.path == "/" {
        return text_answer(
            404,
            "text/plain; charset=utf-8",
            "404 page not found\n".to_owned(),
        );
    }
    Answer::bare(404, json!({"errors": []}))
}

fn text_answer(status: u16, content_type: &'static str, text: String) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        payload: Payload::Text { content_type, text },
    }
}

async fn read(request: hyper::Request<Incoming>, source: IpAddr) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_READ).collect().await.ok()?.to_bytes();
    let text = |name: &str| header(&head.headers, name);
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    Some(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: core::query_pairs(head.uri.query().unwrap_or_default()),
        token: text("x-vault-token").or(bearer).filter(|token| !token.is_empty()),
        wrap_ttl: text("x-vault-wrap-ttl").filter(|ttl| !ttl.is_empty()),
        namespace: text("x-vault-namespace").filter(|namespace| !namespace.is_empty()),
        content_type: text("content-type").unwrap_or_default(),
        no_forwarding: text("x-vault-no-request-forwarding").is_some(),
        body,
        source,
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn write(answer: Answer) -> Response<Full<Bytes>> {
    let (content_type, text) = match answer.payload {
        // A redirect to the active node has no content type.
        Payload::Empty => (
            Some("application/json").filter(|_| answer.status != 307),
            String::new(),
        ),
        Payload::Json { body, newline } => (
            Some("application/json"),
            body.to_string() + if newline { "\n" } else { "" },
        ),
        Payload::Text { content_type, text } => (Some(content_type), text),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    if let Some(value) = content_type.and_then(|text| text.parse().ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
    for (name, value) in answer.headers {
        if value.is_empty() {
            headers.remove(name);
        } else if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}
