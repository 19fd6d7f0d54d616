//! Sessions: throttled password guessing, client networks, refresh tokens.

use crate::steps::accounts::save_tokens;
use crate::steps::requests::{get_as, post, send};
use crate::world::World;
use anyhow::{Context, Result, bail, ensure};
use cucumber::{given, then, when};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// More failed attempts than are allowed without a delay.
const MAX_GUESSES: usize = 15;

/// The longest delay that a scenario waits for.
const MAX_RETRY_AFTER: u64 = 30;

#[given(expr = "an attacker guesses {word}'s password until an attempt is throttled")]
#[when(expr = "an attacker guesses {word}'s password until an attempt is throttled")]
async fn guesses(world: &mut World, user: String) -> Result<()> {
    guess(world, &user, |_| String::new()).await
}

#[when(
    expr = "an attacker guesses {word}'s password, claiming a new client address each time, until an attempt is throttled"
)]
async fn guesses_with_forwarding_headers(world: &mut World, user: String) -> Result<()> {
    guess(world, &user, |n| {
        format!("X-Forwarded-For: 198.51.100.{n} | X-Real-IP: 198.51.100.{n} | Forwarded: for=198.51.100.{n}")
    })
    .await
}

#[when("all further requests come from another network")]
fn changes_network(world: &mut World) -> Result<()> {
    world.client = world.client.in_own_network()?;
    Ok(())
}

#[when("the Retry-After time of the response has passed")]
async fn waits_retry_after(world: &mut World) -> Result<()> {
    let seconds = world.response()?.retry_after()?;
    ensure!(seconds < MAX_RETRY_AFTER, "Retry-After is {seconds} s");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(())
}

#[when(expr = "{int} seconds pass")]
async fn pass(_world: &mut World, seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// As the tabs of one browser do when they wake up together.
#[when(expr = "{word} sends the same refresh token {int} times concurrently")]
async fn refreshes_concurrently(world: &mut World, user: String, times: usize) -> Result<()> {
    let body = json!({ "refresh_token": world.variables.get_of(&user, "refresh")? }).to_string();
    let shared = &*world;
    let requests = (0..times).map(|_| post(shared, "/auth/refresh", &body));
    let responses = join_all(requests).await.into_iter().collect::<Result<Vec<_>>>()?;
    world.responses.extend(responses);
    Ok(())
}

#[then(expr = "each of the last {int} responses contains valid tokens")]
async fn contain_valid_tokens(world: &mut World, count: usize) -> Result<()> {
    for response in world.last_responses(count)?.to_vec() {
        response.expect_status(200)?;
        save_tokens(world, "Tab", &response)?;
        let me = get_as(world, "Tab", "/auth/me").await?;
        me.expect_status(200)?;
    }
    Ok(())
}

#[when(expr = "{word} refreshes the tokens")]
async fn refreshes(world: &mut World, user: String) -> Result<()> {
    sends_refresh_token(world, user.clone(), format!("{{{user}.refresh}}")).await
}

#[when(expr = "{word} sends the refresh token {string}")]
async fn sends_refresh_token(world: &mut World, user: String, token: String) -> Result<()> {
    let body = json!({ "refresh_token": world.variables.fill(&token) }).to_string();
    let response = post(world, "/auth/refresh", &body).await?;
    save_tokens(world, &user, &response)?;
    world.responses.push(response);
    Ok(())
}

/// Saves the id of a session that is not current as `the other session`.
#[then(expr = "{word} has {int} session(s), one of them current")]
async fn has_sessions(world: &mut World, user: String, count: usize) -> Result<()> {
    let response = get_as(world, &user, "/auth/sessions").await?;
    response.expect_status(200)?;
    let json = response.json()?;
    let sessions = json["sessions"].as_array().context("no sessions")?;
    let current = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .count();
    ensure!(
        sessions.len() == count && current == 1,
        "{}: {response}",
        response.request
    );
    let other = sessions.iter().find(|session| session["current"] == false);
    if let Some(id) = other.and_then(|session| session["id"].as_str()) {
        world.variables.set("the other session", id);
    }
    world.responses.push(response);
    Ok(())
}

async fn guess(world: &mut World, user: &str, fields: impl Fn(usize) -> String) -> Result<()> {
    let email = world.variables.get_of(user, "email")?.to_owned();
    for n in 1..=MAX_GUESSES {
        let body = json!({ "email": email, "password": format!("guess number {n}") }).to_string();
        let response = send(world, None, Method::POST, "/auth/login", &fields(n), Some(&body)).await?;
        let is_throttled = response.status == 429;
        world.responses.push(response);
        if is_throttled {
            return Ok(());
        }
        world.response()?.expect_problem(401)?;
    }
    bail!("none of {MAX_GUESSES} attempts is throttled")
}
