//! Accounts of one's own: what somebody does with the links that they are mailed.

use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::{Context, Result};
use cucumber::{given, then, when};
use reqwest::Method;
use serde_json::json;

/// With the token that is noted as `Ann.link`.
#[when(expr = "{word} uses the link at {string}")]
async fn uses_link(visitor: &mut Visitor, who: String, target: String) -> Result<()> {
    let body = json!({ "token": visitor.notes.get(&format!("{who}.link"))? });
    let answer = ask(visitor, None, Method::POST, &target, "", Some(&body.to_string())).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[given(expr = "{word} has registered and not confirmed the address")]
async fn unconfirmed(visitor: &mut Visitor, who: String) -> Result<()> {
    visitor.notes.introduce(&who);
    let email = visitor.notes.get(&format!("{who}.email"))?;
    let password = visitor.notes.get(&format!("{who}.password"))?;
    let body = json!({ "name": who, "email": email, "password": password }).to_string();
    let answer = ask(visitor, None, Method::POST, "/auth/register", "", Some(&body)).await?;
    answer.expect_status(202)
}

#[when(expr = "{word} registers with the password {string}")]
async fn registers_with(visitor: &mut Visitor, who: String, password: String) -> Result<()> {
    let email = visitor.notes.get(&format!("{who}.email"))?;
    let password = crate::spelling::expand(&visitor.notes.fill(&password));
    let body = json!({ "name": who, "email": email, "password": password }).to_string();
    let answer = ask(visitor, None, Method::POST, "/auth/register", "", Some(&body)).await?;
    visitor.answers.push(answer);
    Ok(())
}

/// Where somebody may have to wait: asked again and again until they must.
#[when(expr = "somebody asks at {string} for mails to {word} until they have to wait")]
async fn until_they_wait(visitor: &mut Visitor, target: String, who: String) -> Result<()> {
    let body = json!({ "email": visitor.notes.get(&format!("{who}.email"))? }).to_string();
    for _ in 0..20 {
        let answer = ask(visitor, None, Method::POST, &target, "", Some(&body)).await?;
        let waits = answer.status == 429;
        visitor.answers.push(answer);
        if waits {
            return Ok(());
        }
    }
    anyhow::bail!("nobody has to wait");
}

#[when(expr = "somebody asks {int} times at {string} for mails to {word}")]
async fn asks_times(visitor: &mut Visitor, times: usize, target: String, who: String) -> Result<()> {
    let body = json!({ "email": visitor.notes.get(&format!("{who}.email"))? }).to_string();
    for _ in 0..times {
        let answer = ask(visitor, None, Method::POST, &target, "", Some(&body)).await?;
        visitor.answers.push(answer);
    }
    Ok(())
}

#[then(expr = "the answer tells to wait between {int} and {int} seconds")]
fn tells_to_wait(visitor: &mut Visitor, least: u64, most: u64) -> Result<()> {
    let answer = visitor.answer()?;
    answer.expect_problem(429)?;
    let seconds: u64 = answer.header("retry-after")?.context("no Retry-After")?.parse()?;
    anyhow::ensure!((least..=most).contains(&seconds), "{}: {seconds} s", answer.asked);
    Ok(())
}
