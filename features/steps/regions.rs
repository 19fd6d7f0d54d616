//! The tree of regions.

use crate::steps::json::comma_separated;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::then;
use serde_json::Value;

/// More ports than the demo data contains.
const MAX_PORTS: usize = 1_000;

#[then(expr = "its ancestors, nearest first, are {string}")]
fn has_ancestors(world: &mut World, slugs: String) -> Result<()> {
    let region = world.response()?.json()?;
    expect_names(&region["ancestors"], "slug", &slugs)
}

#[then(expr = "its direct children are the regions {string} and the ports {string}")]
fn has_children(world: &mut World, regions: String, ports: String) -> Result<()> {
    let region = world.response()?.json()?;
    expect_names(&region["children"]["regions"], "slug", &regions)?;
    expect_names(&region["children"]["ports"], "code", &ports)
}

/// The codes of all ports in a region and its subregions, found through the API.
pub(super) async fn ports_in(world: &World, region: &str) -> Result<Vec<String>> {
    let mut ports = Vec::new();
    let mut pending = vec![region.to_owned()];
    while let Some(slug) = pending.pop() {
        ensure!(ports.len() < MAX_PORTS, "the tree has a cycle");
        let response = world.client.get(&format!("/regions/{slug}")).await?;
        response.expect_status(200)?;
        let children = &response.json()?["children"];
        ports.extend(names(&children["ports"], "code")?);
        pending.extend(names(&children["regions"], "slug")?);
    }
    Ok(ports)
}

fn expect_names(list: &Value, key: &str, expected: &str) -> Result<()> {
    let actual = names(list, key)?;
    ensure!(actual == comma_separated(expected), "they are {actual:?}");
    Ok(())
}

fn names(list: &Value, key: &str) -> Result<Vec<String>> {
    let list = list.as_array().context("not a list")?;
    list.iter()
        .map(|item| {
            item[key]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {key}"))
        })
        .collect()
}
