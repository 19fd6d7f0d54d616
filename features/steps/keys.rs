//! Signing keys that an operator rotates in Vault.

use crate::jwt::Jwt;
use crate::steps::tokens::{published_keys, request_token};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{given, then, when};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two attempts.
const INTERVAL: Duration = Duration::from_millis(250);

#[given("I save the published keys")]
async fn saves(world: &mut World) -> Result<()> {
    world.former_keys = key_ids(&published_keys(world).await?)?;
    Ok(())
}

#[when(expr = "an operator rotates the signing keys in Vault, and the new key signs after {int} seconds")]
async fn rotates(world: &mut World, seconds: u32) -> Result<()> {
    world.capabilities.rotate_signing_keys(seconds).await
}

#[then(expr = "within {int} seconds a new key is published beside the former ones")]
async fn is_published(world: &mut World, seconds: u64) -> Result<()> {
    let start = Instant::now();
    loop {
        let now = key_ids(&published_keys(world).await?)?;
        ensure!(
            now.is_superset(&world.former_keys),
            "a former key is missing: {now:?}"
        );
        if now.len() > world.former_keys.len() {
            return Ok(());
        }
        let is_late = start.elapsed() > Duration::from_secs(seconds);
        ensure!(!is_late, "no new key is published: {now:?}");
        sleep(INTERVAL).await;
    }
}

/// The user's own token remains the one from before.
#[then(expr = "within {int} seconds an access token that {word} requests is signed with the new key")]
async fn is_used(world: &mut World, seconds: u64, user: String) -> Result<()> {
    let start = Instant::now();
    loop {
        let token = request_token(world, &user).await?;
        // Searched for in logs, as all secrets of users are.
        world.variables.set_of(&user, "new.access", &token);
        let Jwt { header, .. } = Jwt::verify(&token, &published_keys(world).await?)?;
        let kid = header["kid"].as_str().context("the token names no key")?;
        if !world.former_keys.contains(kid) {
            return Ok(());
        }
        let is_late = start.elapsed() > Duration::from_secs(seconds);
        ensure!(!is_late, "the new key does not sign: {header}");
        sleep(INTERVAL).await;
    }
}

fn key_ids(jwks: &Value) -> Result<BTreeSet<String>> {
    let keys = jwks["keys"].as_array().context("no keys are published")?;
    let ids = keys.iter().filter_map(|key| key["kid"].as_str());
    Ok(ids.map(str::to_owned).collect())
}
