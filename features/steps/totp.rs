//! A second factor: what an authenticator app would show (RFC 6238), worked out here and by no library of the service's.

use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::{given, when};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::json;
use sha1::Sha1;
use std::time::{Duration, UNIX_EPOCH};

/// Seconds that a code is shown.
const STEP: u64 = 30;

/// The latest second of a step at which somebody begins to type the code of the step before.
const LATE: u64 = 20;

#[when(expr = "{word} sets up a second factor")]
async fn sets_up(visitor: &mut Visitor, who: String) -> Result<()> {
    let password = visitor.notes.get(&format!("{who}.password"))?;
    let body = json!({ "password": password }).to_string();
    let answer = ask(
        visitor,
        Some(&who),
        Method::POST,
        "/auth/totp/start",
        "",
        Some(&body),
    )
    .await?;
    if answer.status == 200 {
        let json = answer.json()?;
        let secret = json["secret"].as_str().context("no secret")?;
        let uri = json["uri"].as_str().context("no link for the app")?;
        ensure!(
            uri.starts_with("otpauth://totp/") && uri.contains(secret),
            "no link for the app"
        );
        visitor.notes.note(&format!("{who}.secret"), secret);
    }
    visitor.answers.push(answer);
    Ok(())
}

#[given(expr = "{word} has a second factor")]
async fn has(visitor: &mut Visitor, who: String) -> Result<()> {
    sets_up(visitor, who.clone()).await?;
    visitor.answer()?.expect_status(200)?;
    shown_before(visitor, who.clone()).await?;
    let body = json!({ "code": visitor.notes.get(&format!("{who}.code"))? }).to_string();
    let answer = ask(
        visitor,
        Some(&who),
        Method::POST,
        "/auth/totp/confirm",
        "",
        Some(&body),
    )
    .await?;
    answer.expect_status(200)?;
    let codes = answer.json()?["recovery_codes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ensure!(codes.len() > 1, "no recovery codes");
    for (n, code) in codes.iter().enumerate() {
        let code = code.as_str().context("no text")?;
        visitor
            .notes
            .note(&format!("{who}.recovery code {}", n + 1), code);
    }
    Ok(())
}

/// Noted as `Ann.code`.
#[when(expr = "{word} looks at the app")]
async fn shown(visitor: &mut Visitor, who: String) -> Result<()> {
    let step = now(visitor).await? / STEP;
    note_code(visitor, &who, step)
}

/// The code that was shown just before, which is still good for those who type slowly.
#[when(expr = "{word} looks at the app and types slowly")]
async fn shown_before(visitor: &mut Visitor, who: String) -> Result<()> {
    let late = now(visitor).await? % STEP;
    if late > LATE {
        tokio::time::sleep(Duration::from_secs(STEP - late)).await;
    }
    let step = now(visitor).await? / STEP;
    note_code(visitor, &who, step - 1)
}

#[when(expr = "{word} signs in with the code {string}")]
async fn signs_in(visitor: &mut Visitor, who: String, code: String) -> Result<()> {
    let known = |what: &str| visitor.notes.get(&format!("{who}.{what}"));
    let body = json!({
        "email": known("email")?,
        "password": known("password")?,
        "code": visitor.notes.fill(&code),
    });
    let answer = ask(
        visitor,
        None,
        Method::POST,
        "/auth/login",
        "",
        Some(&body.to_string()),
    )
    .await?;
    super::people::note_tokens(visitor, &who, &answer)?;
    visitor.answers.push(answer);
    Ok(())
}

fn note_code(visitor: &mut Visitor, who: &str, step: u64) -> Result<()> {
    let secret = visitor.notes.get(&format!("{who}.secret"))?;
    let code = code(
        &BASE32_NOPAD.decode(secret.trim_end_matches('=').as_bytes())?,
        step,
    )?;
    visitor.notes.note(&format!("{who}.code"), &code);
    Ok(())
}

/// RFC 4226 §5.3.
fn code(secret: &[u8], step: u64) -> Result<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret)?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    Ok(format!("{:06}", number % 1_000_000))
}

/// By the service's own clock: the features may run on a machine with another.
async fn now(visitor: &Visitor) -> Result<u64> {
    let answer = visitor.client.get("/health/live").await?;
    let date = answer.header("date")?.context("an answer without Date")?;
    Ok(httpdate::parse_http_date(date)?
        .duration_since(UNIX_EPOCH)?
        .as_secs())
}
