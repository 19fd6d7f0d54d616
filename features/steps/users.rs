//! Lists that need a token, and their pages.

use crate::steps::ports::next_target;
use crate::steps::requests::get_as;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};
use serde_json::Value;

/// More pages than any list has.
const MAX_PAGES: usize = 2_000;

#[when(expr = "{word} reads all pages of {string}")]
async fn reads_all_pages(world: &mut World, user: String, target: String) -> Result<()> {
    world.responses.clear();
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(world.responses.len() < MAX_PAGES, "the list does not end");
        let response = get_as(world, &user, &target).await?;
        response.expect_status(200)?;
        next = next_target(&response)?;
        world.responses.push(response);
    }
    Ok(())
}

#[then(expr = "the ids of the {string} strictly increase across the pages, with at most {int} per page")]
fn increase(world: &mut World, list: String, limit: usize) -> Result<()> {
    let ids = ids(world, &list, limit)?;
    ensure!(
        ids.is_sorted_by(|one, next| one < next),
        "not increasing: {ids:?}"
    );
    Ok(())
}

#[then(expr = "the ids of the {string} strictly decrease across the pages, with at most {int} per page")]
fn decrease(world: &mut World, list: String, limit: usize) -> Result<()> {
    let ids = ids(world, &list, limit)?;
    ensure!(
        ids.is_sorted_by(|one, next| one > next),
        "not decreasing: {ids:?}"
    );
    Ok(())
}

#[then(expr = "{word} and {word} are each listed once among the {string}")]
fn are_listed(world: &mut World, one: String, other: String, list: String) -> Result<()> {
    let items = items(world, &list)?;
    for user in [one, other] {
        let email = world.variables.get_of(&user, "email")?;
        let count = items.iter().filter(|item| item["email"] == email).count();
        ensure!(count == 1, "{user} is listed {count} times");
    }
    Ok(())
}

/// The ids on all pages, of which there must be several.
fn ids(world: &World, list: &str, limit: usize) -> Result<Vec<i64>> {
    ensure!(world.responses.len() > 1, "there is only one page");
    for response in &world.responses {
        let count = response.json()?[list].as_array().map_or(0, Vec::len);
        ensure!(count <= limit, "{}: {count} on one page", response.request);
    }
    items(world, list)?
        .iter()
        .map(|item| item["id"].as_i64().context("no id"))
        .collect()
}

fn items(world: &World, list: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for response in &world.responses {
        let page = response.json()?[list].as_array().cloned();
        items.extend(page.with_context(|| format!("no {list}: {response}"))?);
    }
    Ok(items)
}
