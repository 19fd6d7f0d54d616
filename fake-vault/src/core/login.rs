//! Logins: which calls are one, and the token that they create.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::answer::{Refusal, Reply, Success};
use crate::auth::{AuthOutcome, Review};
use crate::call::Call;
use crate::core::mount::Engine;
use crate::core::vault::Vault;
use crate::token::Grant;

const REVIEW_TIMEOUT: Duration = Duration::from_secs(5);

/// The login mount that the call logs in at; logins need no token.
pub(crate) fn mount_of(vault: &Vault, call: &Call) -> Option<String> {
    let mount = call.path.strip_suffix("login")?;
    let state = vault.state();
    let is_method = |engine: &Engine| {
        matches!(
            engine,
            Engine::AppRole(_) | Engine::Jwt(_) | Engine::Kubernetes(_)
        )
    };
    state
        .mounts
        .get(mount)
        .filter(|found| is_method(&found.engine))
        .map(|_| mount.to_owned())
}

/// Logs in.
pub(crate) async fn handle(vault: &Vault, call: &Call, mount: &str) -> Result<Success, Refusal> {
    let review = {
        let mut state = vault.state();
        match state.mounts.get_mut(mount).map(|found| &mut found.engine) {
            Some(Engine::Kubernetes(kubernetes)) if call.operation == crate::call::Operation::Write => {
                kubernetes.login(call, name(mount))?
            }
            Some(engine) => {
                let outcome = method(engine, call, mount, "login")?;
                drop(state);
                return finish(vault, call, mount, outcome);
            }
            None => return Err(Refusal::no_token()),
        }
    };
    if !is_confirmed(&review).await {
        return Err(Refusal::no_token());
    }
    finish(vault, call, mount, AuthOutcome::Login(review.grant))
}

fn finish(vault: &Vault, call: &Call, mount: &str, outcome: AuthOutcome) -> Result<Success, Refusal> {
    match outcome {
        AuthOutcome::Success(success) => Ok(success),
        AuthOutcome::Login(grant) => Ok(create_token(vault, call, mount, *grant).into()),
    }
}

fn create_token(vault: &Vault, call: &Call, mount: &str, grant: Grant) -> Reply {
    let mut state = vault.state();
    let entity = grant
        .alias
        .clone()
        .map(|alias| state.entity(mount, &alias))
        .unwrap_or_default();
    let (token, warning) = state.tokens.create(grant, entity, None, call.now);
    Reply {
        auth: token.auth(token.creation_ttl),
        accessor: Some(token.accessor),
        warnings: warning.into_iter().collect(),
        ..Reply::default()
    }
}

/// An operation of a login method that is no login.
pub(crate) fn configure(
    engine: &mut Engine,
    call: &Call,
    mount: &str,
    below: &str,
) -> Result<Success, Refusal> {
    match method(engine, call, mount, below)? {
        AuthOutcome::Success(success) => Ok(success),
        AuthOutcome::Login(_) => Err(Refusal::unsupported_operation()),
    }
}

fn method(engine: &mut Engine, call: &Call, mount: &str, below: &str) -> Result<AuthOutcome, Refusal> {
    match engine {
        Engine::AppRole(approle) => approle.handle(call, below, name(mount)),
        Engine::Jwt(jwt) => jwt.handle(call, below, name(mount)),
        Engine::Kubernetes(kubernetes) => kubernetes.handle(call, below),
        _ => Err(Refusal::unsupported_path()),
    }
}

/// `auth/approle/` → `approle`.
fn name(mount: &str) -> &str {
    mount.trim_start_matches("auth/").trim_end_matches('/')
}

/// Has the API server review the JWT (Kubernetes' TokenReview). Only plain HTTP is spoken.
async fn is_confirmed(review: &Review) -> bool {
    let answer = tokio::time::timeout(REVIEW_TIMEOUT, send(review)).await;
    let status = answer
        .ok()
        .flatten()
        .map(|body| body["status"].clone())
        .unwrap_or_default();
    status["authenticated"] == json!(true)
}

async fn send(review: &Review) -> Option<Value> {
    let address = review.host.strip_prefix("http://")?.trim_end_matches('/');
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(async move {
        // The request reports a broken connection.
        let _end = connection.await;
    });
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": review.jwt, "audiences": review.audiences},
    });
    let request = hyper::Request::post("/apis/authentication.k8s.io/v1/tokenreviews")
        .header("host", address)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", review.reviewer_jwt))
        .body(Full::new(Bytes::from(body.to_string())))
        .ok()?;
    let response = sender.send_request(request).await.ok()?;
    let bytes = response.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}
