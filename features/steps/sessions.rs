//! Sessions: guessing at passwords, several networks, tokens that are renewed and sent again.

use crate::steps::people::{ask, note_tokens};
use crate::visitor::Visitor;
use anyhow::{Context, Result, bail, ensure};
use cucumber::{given, then, when};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// More than anybody is let do without waiting.
const MANY: usize = 15;

#[given(expr = "somebody guesses at {word}'s password until they have to wait")]
#[when(expr = "somebody guesses at {word}'s password until they have to wait")]
async fn guesses(visitor: &mut Visitor, who: String) -> Result<()> {
    guess(visitor, &who, |_| String::new()).await
}

#[when(
    expr = "somebody guesses at {word}'s password, each time under another claimed address, until they have to wait"
)]
async fn guesses_disguised(visitor: &mut Visitor, who: String) -> Result<()> {
    guess(visitor, &who, |n| {
        format!("X-Forwarded-For: 198.51.100.{n} | X-Real-IP: 198.51.100.{n} | Forwarded: for=198.51.100.{n}")
    })
    .await
}

#[when("everything after this comes from another network")]
fn elsewhere(visitor: &mut Visitor) -> Result<()> {
    visitor.client = visitor.client.elsewhere()?;
    Ok(())
}

#[when("as much time goes by as the answer tells to wait")]
async fn wait(visitor: &mut Visitor) -> Result<()> {
    let seconds: u64 = visitor
        .answer()?
        .header("retry-after")?
        .context("no Retry-After")?
        .parse()?;
    ensure!(seconds < 30, "nobody waits for {seconds} s");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(())
}

#[when(expr = "{int} seconds go by")]
async fn go_by(_visitor: &mut Visitor, seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// As the tabs of one browser do that wake up together.
#[when(expr = "{word} sends the same refresh token {int} times at once")]
async fn at_once(visitor: &mut Visitor, who: String, times: usize) -> Result<()> {
    let body = json!({ "refresh_token": visitor.notes.get(&format!("{who}.refresh"))? }).to_string();
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..times {
        let (client, body) = (visitor.client.clone(), body.clone());
        let fields = crate::client::headers("Content-Type: application/json")?;
        sent.spawn(async move {
            client
                .send_body(Method::POST, "/auth/refresh", fields, body)
                .await
        });
    }
    while let Some(answer) = sent.join_next().await {
        visitor.answers.push(answer??);
    }
    Ok(())
}

#[then(expr = "each of the {int} answers gives tokens that work")]
async fn all_work(visitor: &mut Visitor, count: usize) -> Result<()> {
    let answers = visitor.answers.clone();
    let latest = answers
        .get(answers.len().saturating_sub(count)..)
        .unwrap_or_default();
    ensure!(latest.len() == count, "there are {}", latest.len());
    for answer in latest {
        answer.expect_status(200)?;
        note_tokens(visitor, "Somebody", answer)?;
        let me = ask(visitor, Some("Somebody"), Method::GET, "/auth/me", "", None).await?;
        me.expect_status(200)?;
    }
    Ok(())
}

#[when(expr = "{word} sends the refresh token {string}")]
async fn sends_refresh(visitor: &mut Visitor, who: String, token: String) -> Result<()> {
    let body = json!({ "refresh_token": visitor.notes.fill(&token) }).to_string();
    let answer = ask(visitor, None, Method::POST, "/auth/refresh", "", Some(&body)).await?;
    note_tokens(visitor, &who, &answer)?;
    visitor.answers.push(answer);
    Ok(())
}

#[then(expr = "{word} is signed in at {int} place(s), one of them this")]
async fn places(visitor: &mut Visitor, who: String, count: usize) -> Result<()> {
    let answer = ask(visitor, Some(&who), Method::GET, "/auth/sessions", "", None).await?;
    answer.expect_status(200)?;
    let list = answer.json()?;
    let sessions = list["sessions"].as_array().context("no sessions")?;
    let current: Vec<_> = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    ensure!(
        sessions.len() == count && current.len() == 1,
        "{}: {answer}",
        answer.asked
    );
    let other = sessions.iter().find(|session| session["current"] == false);
    if let Some(id) = other.and_then(|session| session["id"].as_str()) {
        visitor.notes.note("the other session", id);
    }
    visitor.answers.push(answer);
    Ok(())
}

async fn guess(visitor: &mut Visitor, who: &str, fields: impl Fn(usize) -> String) -> Result<()> {
    let email = visitor.notes.get(&format!("{who}.email"))?.to_owned();
    for n in 1..=MANY {
        let body = json!({ "email": email, "password": format!("guess number {n}") }).to_string();
        let answer = ask(
            visitor,
            None,
            Method::POST,
            "/auth/login",
            &fields(n),
            Some(&body),
        )
        .await?;
        let waits = answer.status == 429;
        visitor.answers.push(answer);
        if waits {
            return Ok(());
        }
        visitor.answer()?.expect_problem(401)?;
    }
    bail!("{MANY} guesses, and nobody has to wait")
}
