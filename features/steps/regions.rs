//! The tree of regions.

use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::then;
use serde_json::Value;

#[then(expr = "it lies in {string}, from the nearest to the top")]
fn ancestors(visitor: &mut Visitor, slugs: String) -> Result<()> {
    let region = visitor.answer()?.json()?;
    expect_names(&region["ancestors"], "slug", &slugs)
}

#[then(expr = "directly in it lie the regions {string} and the ports {string}")]
fn children(visitor: &mut Visitor, regions: String, ports: String) -> Result<()> {
    let region = visitor.answer()?.json()?;
    expect_names(&region["children"]["regions"], "slug", &regions)?;
    expect_names(&region["children"]["ports"], "code", &ports)
}

/// The codes of all ports in a region and in the regions below it, found as a visitor would: step by step.
pub(super) async fn ports_below(visitor: &Visitor, region: &str) -> Result<Vec<String>> {
    let mut ports = Vec::new();
    let mut ahead = vec![region.to_owned()];
    while let Some(slug) = ahead.pop() {
        ensure!(ports.len() < 1000, "the tree does not end");
        let answer = visitor.client.get(&format!("/regions/{slug}")).await?;
        answer.expect_status(200)?;
        let children = &answer.json()?["children"];
        ports.extend(names(&children["ports"], "code")?);
        ahead.extend(names(&children["regions"], "slug")?);
    }
    Ok(ports)
}

fn expect_names(list: &Value, key: &str, wanted: &str) -> Result<()> {
    let given = names(list, key)?;
    let wanted: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    ensure!(given == wanted, "given are {given:?}");
    Ok(())
}

fn names(list: &Value, key: &str) -> Result<Vec<String>> {
    let list = list.as_array().context("no list")?;
    list.iter()
        .map(|item| {
            item[key]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {key}"))
        })
        .collect()
}
