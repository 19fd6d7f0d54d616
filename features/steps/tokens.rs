//! Access tokens: issued for Basic credentials, verified with the published keys, forged.

use crate::jwt::Jwt;
use crate::response::Response;
use crate::steps::json::{rows, text};
use crate::steps::requests::send;
use crate::token_forger::forge;
use crate::world::World;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use reqwest::Method;
use serde_json::Value;
use std::net::TcpListener;

#[when(expr = "{word} requests an access token with Basic authentication")]
async fn requests_token(world: &mut World, user: String) -> Result<()> {
    let response = log_in_with_password(world, &user).await?;
    if response.status == 200 {
        world.variables.set_of(&user, "access", response.text()?);
    }
    world.responses.push(response);
    Ok(())
}

#[when(expr = "I request an access token with the Basic credentials {string}")]
async fn requests_token_with(world: &mut World, credentials: String) -> Result<()> {
    let response = log_in(world, &world.variables.fill(&credentials)).await?;
    world.responses.push(response);
    Ok(())
}

/// The value `…` in the table stands for any value.
#[then(expr = "{word}'s access token verifies with a published key, and its header and claims are")]
async fn verifies(world: &mut World, user: String, step: &Step) -> Result<()> {
    let token = world.variables.get_of(&user, "access")?;
    let Jwt { header, claims, .. } = Jwt::verify(token, &published_keys(world).await?)?;
    for row in rows(step)? {
        let [part, member, expected] = row.as_slice() else {
            bail!("the columns are: part, member, value");
        };
        let actual = match part.as_str() {
            "header" => &header[member],
            _ => &claims[member],
        };
        ensure!(!actual.is_null(), "there is no {member}: {header} {claims}");
        let (actual, expected) = (text(actual), world.variables.fill(expected));
        ensure!(
            expected == "…" || actual == expected,
            "{member} is {actual}, not {expected}"
        );
    }
    Ok(())
}

#[then(expr = "{word}'s access token is valid for at most {int} seconds")]
fn expires(world: &mut World, user: String, max_seconds: i64) -> Result<()> {
    let claims = Jwt::decode(world.variables.get_of(&user, "access")?)?.claims;
    let (issued_at, expires_at) = (
        claims["iat"].as_i64().context("no iat")?,
        claims["exp"].as_i64().context("no exp")?,
    );
    let seconds = expires_at - issued_at;
    ensure!(
        seconds > 0 && seconds <= max_seconds,
        "it is valid for {seconds} s"
    );
    Ok(())
}

#[given("an attacker's key server listens for requests")]
fn listens(world: &mut World) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/jwks.json", listener.local_addr()?);
    world.variables.set("key server", &url);
    world.key_server = Some(listener);
    Ok(())
}

#[when(expr = "an attacker forges {word}'s access token by {}")]
async fn forges(world: &mut World, user: String, technique: String) -> Result<()> {
    let jwks = published_keys(world).await?;
    let valid = world.variables.get_of(&user, "access")?.to_owned();
    // The original must be valid, or the forged tokens could be rejected for another reason.
    validate(world, &valid).await?.expect_status(200)?;
    let key_server = world
        .variables
        .get("key server")
        .unwrap_or("https://keys.example/jwks.json");
    world.forged_tokens = forge(&technique, &valid, &jwks, key_server)?;
    Ok(())
}

#[then(expr = "every forged token is rejected")]
async fn are_rejected(world: &mut World) -> Result<()> {
    ensure!(!world.forged_tokens.is_empty(), "no token was forged");
    for token in &world.forged_tokens {
        let bearer = format!("Authorization: Bearer {token}");
        for (method, target) in [
            (Method::POST, "/validate"),
            (Method::GET, "/admin/audit"),
            (Method::GET, "/wishes"),
        ] {
            let response = send(world, None, method, target, &bearer, None).await?;
            response
                .expect_problem(401)
                .with_context(|| format!("with {token}"))?;
            let challenge = response.header("www-authenticate")?.unwrap_or_default();
            ensure!(
                challenge.starts_with("Bearer"),
                "{}: {challenge}",
                response.request
            );
        }
    }
    Ok(())
}

#[then("the attacker's key server receives no request")]
fn receives_none(world: &mut World) -> Result<()> {
    let listener = world.key_server.as_ref().context("there is no key server")?;
    ensure!(listener.accept().is_err(), "the service requested a key");
    Ok(())
}

#[then(expr = "introspection by {word} reports every forged token as inactive")]
async fn are_inactive(world: &mut World, user: String) -> Result<()> {
    ensure!(!world.forged_tokens.is_empty(), "no token was forged");
    for token in &world.forged_tokens {
        let body = format!(
            "token={}",
            token.replace('%', "%25").replace('&', "%26").replace('+', "%2B")
        );
        let form = "Content-Type: application/x-www-form-urlencoded";
        let response = send(world, Some(&user), Method::POST, "/introspect", form, Some(&body)).await?;
        response.expect_status(200)?;
        ensure!(
            response.text()? == r#"{"active":false}"#,
            "{response} for {token}"
        );
    }
    Ok(())
}

/// The parameters of private and symmetric keys (RFC 7518 §6).
#[then("no key of the set has private parameters")]
fn has_no_private_parameters(world: &mut World) -> Result<()> {
    let set = world.response()?.json()?;
    let keys = set["keys"].as_array().context("no keys")?;
    ensure!(!keys.is_empty(), "the set is empty");
    for key in keys {
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .find(|name| key.get(**name).is_some());
        ensure!(private.is_none(), "a key has {private:?}");
    }
    Ok(())
}

pub(super) async fn published_keys(world: &World) -> Result<Value> {
    let response = world.client.get("/.well-known/jwks.json").await?;
    response.expect_status(200)?;
    response.json()
}

async fn validate(world: &World, token: &str) -> Result<Response> {
    let bearer = format!("Authorization: Bearer {token}");
    send(world, None, Method::POST, "/validate", &bearer, None).await
}

/// A new access token of a user.
pub(super) async fn request_token(world: &World, user: &str) -> Result<String> {
    let response = log_in_with_password(world, user).await?;
    response.expect_status(200)?;
    Ok(response.text()?.to_owned())
}

async fn log_in_with_password(world: &World, user: &str) -> Result<Response> {
    let (email, password) = (
        world.variables.get_of(user, "email")?,
        world.variables.get_of(user, "password")?,
    );
    log_in(world, &format!("{email}:{password}")).await
}

async fn log_in(world: &World, credentials: &str) -> Result<Response> {
    let basic = format!("Authorization: Basic {}", STANDARD.encode(credentials));
    send(world, None, Method::POST, "/login", &basic, None).await
}
