//! Ports.

use crate::steps::json::comma_separated;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::then;

#[then(expr = "exactly the ports {string} are found")]
fn are_found(world: &mut World, codes: String) -> Result<()> {
    let json = world.response()?.json()?;
    let ports = json["ports"].as_array().context("no ports")?;
    let found: Vec<&str> = ports.iter().filter_map(|port| port["code"].as_str()).collect();
    ensure!(found == comma_separated(&codes), "found {found:?}");
    Ok(())
}
