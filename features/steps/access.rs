//! Logins for the database: collected when they are issued, dropped when they are revoked.

use crate::steps::requests::{get_as, send};
use crate::world::World;
use anyhow::{Result, ensure};
use cucumber::{then, when};
use reqwest::Method;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long issuing a login may take on a busy machine.
const MAX_ISSUE: Duration = Duration::from_secs(60);

/// Between two attempts.
const INTERVAL: Duration = Duration::from_millis(250);

/// Saves the password as a secret of the user.
#[when(expr = "{word} collects the login of {string} as soon as it is issued")]
async fn collects(world: &mut World, user: String, request: String) -> Result<()> {
    let target = format!("/access/requests/{request}/login");
    let start = Instant::now();
    let response = loop {
        let response = send(world, Some(&user), Method::POST, &target, "", None).await?;
        if response.status != 503 || start.elapsed() > MAX_ISSUE {
            break response;
        }
        response.expect_problem(503)?;
        ensure!(
            response.retry_after()? <= 60,
            "a Retry-After of more than a minute"
        );
        sleep(INTERVAL).await;
    };
    if response.status == 200
        && let Some(password) = response.json()?["password"].as_str()
    {
        world.variables.set_of(&user, "secret", password);
    }
    world.responses.push(response);
    Ok(())
}

#[then(expr = "{word} sees within {int} seconds that the login {string} was dropped")]
async fn sees_dropped(world: &mut World, admin: String, seconds: u64, name: String) -> Result<()> {
    let target = world.variables.fill(&format!("/access/logins/{name}"));
    let start = Instant::now();
    loop {
        let response = get_as(world, &admin, &target).await?;
        response.expect_status(200)?;
        let is_dropped = response.json()?["revoked_at"].is_string();
        let is_late = start.elapsed() > Duration::from_secs(seconds);
        ensure!(is_dropped || !is_late, "not dropped yet: {response}");
        if is_dropped {
            world.responses.push(response);
            return Ok(());
        }
        sleep(INTERVAL).await;
    }
}
