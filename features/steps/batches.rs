//! Batches of prices: waiting for the end of an upload.

use crate::steps::requests::get_as;
use crate::world::World;
use anyhow::{Result, ensure};
use cucumber::when;
use std::time::{Duration, Instant};

/// The longest time that the upload of a few prices may take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[when(expr = "{word} gets {string} until the batch has ended")]
async fn gets_until_ended(world: &mut World, user: String, target: String) -> Result<()> {
    let start = Instant::now();
    loop {
        let response = get_as(world, &user, &target).await?;
        response.expect_status(200)?;
        let state = response.json()?["state"].as_str().unwrap_or_default().to_owned();
        if !["receiving", "queued", "running"].contains(&state.as_str()) {
            world.responses.push(response);
            return Ok(());
        }
        ensure!(start.elapsed() < TIMEOUT, "the batch is still {state}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
