//! The second factor, with an authenticator app (RFC 6238) that shares no code with the service.

use crate::steps::accounts::save_tokens;
use crate::steps::requests::{post, send};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{given, when};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::json;
use sha1::Sha1;
use std::time::{Duration, UNIX_EPOCH};

/// Seconds for which a code is shown.
const TIME_STEP: u64 = 30;

/// The latest second of a time step at which the previous code is still sent: the rest of the step is left for the request.
const MAX_SECOND: u64 = 20;

#[when(expr = "{word} sets up a second factor")]
async fn sets_up(world: &mut World, user: String) -> Result<()> {
    let password = world.variables.get_of(&user, "password")?;
    let body = json!({ "password": password }).to_string();
    let response = send(
        world,
        Some(&user),
        Method::POST,
        "/auth/totp/start",
        "",
        Some(&body),
    )
    .await?;
    if response.status == 200 {
        let json = response.json()?;
        let secret = json["secret"].as_str().context("no secret")?;
        let uri = json["uri"].as_str().context("no otpauth URI")?;
        ensure!(
            uri.starts_with("otpauth://totp/") && uri.contains(secret),
            "not an otpauth URI with the secret"
        );
        world.variables.set_of(&user, "secret", secret);
    }
    world.responses.push(response);
    Ok(())
}

/// Confirms with the previous code, so that a scenario can use the current one: each code is single-use.
#[given(expr = "{word} has a second factor")]
async fn has_second_factor(world: &mut World, user: String) -> Result<()> {
    sets_up(world, user.clone()).await?;
    world.response()?.expect_status(200)?;
    save_previous_code(world, &user).await?;
    let body = json!({ "code": world.variables.get_of(&user, "code")? }).to_string();
    let response = send(
        world,
        Some(&user),
        Method::POST,
        "/auth/totp/confirm",
        "",
        Some(&body),
    )
    .await?;
    response.expect_status(200)?;
    let codes: Vec<String> = serde_json::from_value(response.json()?["recovery_codes"].clone())?;
    ensure!(codes.len() > 1, "no recovery codes");
    save_recovery_codes(world, &user, &codes);
    Ok(())
}

/// Saves the code as `Ann.code`.
#[when(expr = "{word} reads the current code of the authenticator app")]
async fn reads_code(world: &mut World, user: String) -> Result<()> {
    let step = service_time(world).await? / TIME_STEP;
    save_code(world, &user, step)
}

/// Saves the key as `Ann.secret`.
#[when(expr = "{word} enters the key on the page into the authenticator app")]
async fn enters_key(world: &mut World, user: String) -> Result<()> {
    let keys = secrets_on_page(world, &user).await?;
    let [key] = keys.as_slice() else {
        anyhow::bail!("the page shows {} keys", keys.len());
    };
    world.variables.set_of(&user, "secret", key);
    Ok(())
}

/// Saves the codes as `Ann.recovery code 1` and so on.
#[when(expr = "{word} writes down the recovery codes on the page")]
async fn writes_down_codes(world: &mut World, user: String) -> Result<()> {
    let codes = secrets_on_page(world, &user).await?;
    ensure!(codes.len() > 1, "the page shows {} recovery codes", codes.len());
    save_recovery_codes(world, &user, &codes);
    Ok(())
}

/// Saves the code as `Ann.code`, so that the current one can be used afterwards.
#[when(expr = "{word} reads the previous code of the authenticator app")]
async fn reads_previous_code(world: &mut World, user: String) -> Result<()> {
    save_previous_code(world, &user).await
}

#[when(expr = "{word} signs in with the code {string}")]
async fn signs_in(world: &mut World, user: String, code: String) -> Result<()> {
    let body = json!({
        "email": world.variables.get_of(&user, "email")?,
        "password": world.variables.get_of(&user, "password")?,
        "code": world.variables.fill(&code),
    });
    let response = post(world, "/auth/login", &body.to_string()).await?;
    save_tokens(world, &user, &response)?;
    world.responses.push(response);
    Ok(())
}

/// The keys or recovery codes that the page shows.
async fn secrets_on_page(world: &World, user: &str) -> Result<Vec<String>> {
    const SECRETS: &str = "[...document.querySelectorAll('code.secret')].map(one => one.innerText)";
    let browser = world.browsers.get(user)?;
    let shown = browser.wait_for(SECRETS, |shown| {
        shown.as_array().is_some_and(|shown| !shown.is_empty())
    });
    Ok(serde_json::from_value(shown.await?)?)
}

fn save_recovery_codes(world: &mut World, user: &str, codes: &[String]) {
    for (n, code) in codes.iter().enumerate() {
        let name = format!("recovery code {}", n + 1);
        world.variables.set_of(user, &name, code);
    }
}

/// Saves the code of the previous time step, which the service still accepts.
async fn save_previous_code(world: &mut World, user: &str) -> Result<()> {
    let second = service_time(world).await? % TIME_STEP;
    if second > MAX_SECOND {
        tokio::time::sleep(Duration::from_secs(TIME_STEP - second)).await;
    }
    let step = service_time(world).await? / TIME_STEP;
    save_code(world, user, step - 1)
}

fn save_code(world: &mut World, user: &str, step: u64) -> Result<()> {
    let secret = world.variables.get_of(user, "secret")?;
    let secret = BASE32_NOPAD.decode(secret.trim_end_matches('=').as_bytes())?;
    let code = hotp(&secret, step)?;
    world.variables.set_of(user, "code", &code);
    Ok(())
}

/// RFC 4226 §5.3.
fn hotp(secret: &[u8], counter: u64) -> Result<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret)?;
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([
        hash[offset] & 0x7f,
        hash[offset + 1],
        hash[offset + 2],
        hash[offset + 3],
    ]);
    Ok(format!("{:06}", number % 1_000_000))
}

/// Unix time by the clock of the service, which may differ from ours.
async fn service_time(world: &World) -> Result<u64> {
    let response = world.client.get("/health/live").await?;
    let date = response.header("date")?.context("a response without Date")?;
    Ok(httpdate::parse_http_date(date)?
        .duration_since(UNIX_EPOCH)?
        .as_secs())
}
