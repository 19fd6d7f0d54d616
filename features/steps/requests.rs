//! Requests without a token (`I get …`), requests of a user (`Ann gets …`) and raw bytes.

use crate::client::headers;
use crate::escapes::{expand, raw_bytes};
use crate::response::Response;
use crate::steps::json::rows;
use crate::world::World;
use anyhow::{Context, Result};
use cucumber::gherkin::Step;
use cucumber::when;
use futures::future::join_all;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use std::time::Duration;

/// How long to wait for the service to close a connection: longer than its timeouts for slow clients.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(12);

#[when(expr = "I get {string}")]
async fn get(world: &mut World, target: String) -> Result<()> {
    send_and_save(world, None, "GET", &target, "", None).await
}

#[when(expr = "I get {string} with {string}")]
async fn get_with(world: &mut World, target: String, fields: String) -> Result<()> {
    send_and_save(world, None, "GET", &target, &fields, None).await
}

#[when(expr = "I get {string} over HTTP\\/2")]
async fn get_over_http2(world: &mut World, target: String) -> Result<()> {
    let response = world.client.get_over_http2(&target).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "I send {word} to {string}")]
async fn send_without_body(world: &mut World, method: String, target: String) -> Result<()> {
    send_and_save(world, None, &method, &target, "", None).await
}

#[when(expr = "I send {word} to {string} with {string}")]
async fn send_fields(world: &mut World, method: String, target: String, fields: String) -> Result<()> {
    send_and_save(world, None, &method, &target, &fields, None).await
}

#[when(expr = "I send {word} to {string} with the body")]
async fn send_body(world: &mut World, method: String, target: String, step: &Step) -> Result<()> {
    let body = step.docstring.as_deref().context("the step has no body")?;
    send_and_save(world, None, &method, &target, "", Some(body)).await
}

#[when(expr = "I send {word} to {string} with {string} and the body")]
async fn send_fields_and_body(
    world: &mut World,
    method: String,
    target: String,
    fields: String,
    step: &Step,
) -> Result<()> {
    let body = step.docstring.as_deref().context("the step has no body")?;
    send_and_save(world, None, &method, &target, &fields, Some(body)).await
}

#[when("I send these requests, and each returns the listed status")]
async fn send_each(world: &mut World, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [status, method, target, fields] = row.as_slice() else {
            anyhow::bail!("the columns are: status, method, target, header fields");
        };
        send_and_save(world, None, method, target, fields, None).await?;
        world.response()?.expect_status(status.parse()?)?;
    }
    Ok(())
}

#[when("I send these raw bytes")]
async fn send_raw(world: &mut World, step: &Step) -> Result<()> {
    let text = step.docstring.as_deref().context("the step has no bytes")?;
    world.exchange = Some(world.client.send_raw(&raw_bytes(text), CLOSE_TIMEOUT).await?);
    Ok(())
}

#[when("I connect and send nothing")]
async fn connect(world: &mut World) -> Result<()> {
    world.exchange = Some(world.client.send_raw(b"", CLOSE_TIMEOUT).await?);
    Ok(())
}

#[when(expr = "{word} gets {string}")]
async fn user_gets(world: &mut World, user: String, target: String) -> Result<()> {
    send_and_save(world, Some(&user), "GET", &target, "", None).await
}

#[when(expr = "{word} sends {word} to {string}")]
async fn user_sends(
    world: &mut World,
    user: String,
    method: String,
    target: String,
    step: &Step,
) -> Result<()> {
    let body = step.docstring.as_deref();
    send_and_save(world, Some(&user), &method, &target, "", body).await
}

#[when(expr = "{word} sends {word} to {string} with {string}")]
async fn user_sends_fields(
    world: &mut World,
    user: String,
    method: String,
    target: String,
    fields: String,
    step: &Step,
) -> Result<()> {
    let body = step.docstring.as_deref();
    send_and_save(world, Some(&user), &method, &target, &fields, body).await
}

#[when(expr = "{word} sends {word} to {string} with {string} {int} times concurrently")]
async fn user_sends_concurrently(
    world: &mut World,
    user: String,
    method: String,
    target: String,
    fields: String,
    times: usize,
    step: &Step,
) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let (body, shared) = (step.docstring.as_deref(), &*world);
    let requests = (0..times).map(|_| send(shared, Some(&user), method.clone(), &target, &fields, body));
    let responses = join_all(requests).await.into_iter().collect::<Result<Vec<_>>>()?;
    world.responses.extend(responses);
    Ok(())
}

/// Sends a request with the access token of a user, or without one. Variables and escapes in the target, the fields and
/// the body are expanded. The media type of a body is JSON unless the fields contain another.
pub(super) async fn send(
    world: &World,
    user: Option<&str>,
    method: Method,
    target: &str,
    fields: &str,
    body: Option<&str>,
) -> Result<Response> {
    let fill = |text: &str| expand(&world.variables.fill(text));
    let mut fields: HeaderMap = headers(&fill(fields))?;
    if let Some(user) = user {
        let token = world.variables.get_of(user, "access")?;
        fields.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?);
    }
    let target = fill(target);
    let Some(body) = body else {
        return world.client.send(method, &target, fields).await;
    };
    let json = HeaderValue::from_static("application/json");
    fields.entry(CONTENT_TYPE).or_insert(json);
    // A doc string begins and ends with a line break.
    let body = fill(body.trim());
    world.client.send_body(method, &target, fields, body).await
}

/// Sends a request without a token and with a JSON body.
pub(super) async fn post(world: &World, target: &str, body: &str) -> Result<Response> {
    send(world, None, Method::POST, target, "", Some(body)).await
}

/// Sends a GET request with the access token of a user.
pub(super) async fn get_as(world: &World, user: &str, target: &str) -> Result<Response> {
    send(world, Some(user), Method::GET, target, "", None).await
}

async fn send_and_save(
    world: &mut World,
    user: Option<&str>,
    method: &str,
    target: &str,
    fields: &str,
    body: Option<&str>,
) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let response = send(world, user, method, target, fields, body).await?;
    world.responses.push(response);
    Ok(())
}
