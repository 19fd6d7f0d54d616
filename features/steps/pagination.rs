//! Lists over several pages.

use crate::response::Response;
use crate::steps::requests::get_as;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};
use serde_json::Value;

/// More pages than any public list has.
const MAX_PUBLIC_PAGES: usize = 500;

/// More pages than any list that needs a token has.
const MAX_PRIVATE_PAGES: usize = 2_000;

#[when(expr = "I read all pages of {string}")]
async fn read_all_pages(world: &mut World, target: String) -> Result<()> {
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(world.responses.len() < MAX_PUBLIC_PAGES, "the list does not end");
        let response = world.client.get(&target).await?;
        response.expect_status(200)?;
        next = next_target(&response)?;
        world.responses.push(response);
    }
    Ok(())
}

#[then(expr = "the {word} are sorted by {word} without duplicates, {int} in total, at most {int} per page")]
fn are_sorted(world: &mut World, list: String, key: String, count: usize, limit: usize) -> Result<()> {
    let mut keys = Vec::new();
    for response in &world.responses {
        let json = response.json()?;
        let page = json[&list]
            .as_array()
            .with_context(|| format!("no {list}: {response}"))?;
        ensure!(
            page.len() <= limit,
            "{}: {} on one page",
            response.request,
            page.len()
        );
        keys.extend(
            page.iter()
                .map(|item| item[&key].as_str().unwrap_or_default().to_owned()),
        );
    }
    ensure!(keys.len() == count, "there are {}", keys.len());
    ensure!(
        keys.is_sorted_by(|one, next| one < next),
        "not sorted, or duplicates: {keys:?}"
    );
    Ok(())
}

#[when(expr = "{word} reads all pages of {string}")]
async fn read_all_pages_as(world: &mut World, user: String, target: String) -> Result<()> {
    world.responses.clear();
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(world.responses.len() < MAX_PRIVATE_PAGES, "the list does not end");
        let response = get_as(world, &user, &target).await?;
        response.expect_status(200)?;
        next = next_target(&response)?;
        world.responses.push(response);
    }
    Ok(())
}

#[then(expr = "the ids of the {string} strictly increase across the pages, with at most {int} per page")]
fn ids_increase(world: &mut World, list: String, limit: usize) -> Result<()> {
    let ids = ids(world, &list, limit)?;
    ensure!(
        ids.is_sorted_by(|one, next| one < next),
        "not increasing: {ids:?}"
    );
    Ok(())
}

#[then(expr = "the ids of the {string} strictly decrease across the pages, with at most {int} per page")]
fn ids_decrease(world: &mut World, list: String, limit: usize) -> Result<()> {
    let ids = ids(world, &list, limit)?;
    ensure!(
        ids.is_sorted_by(|one, next| one > next),
        "not decreasing: {ids:?}"
    );
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

/// The items of a list on all pages.
pub(super) fn items(world: &World, list: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for response in &world.responses {
        let page = response.json()?[list].as_array().cloned();
        items.extend(page.with_context(|| format!("no {list}: {response}"))?);
    }
    Ok(items)
}

/// The target of `Link: <…>; rel="next"` (RFC 8288); `None` on the last page.
pub(super) fn next_target(response: &Response) -> Result<Option<String>> {
    let Some(link) = response.header("link")? else {
        return Ok(None);
    };
    let (target, parameters) = link
        .trim_start_matches('<')
        .split_once('>')
        .context("not a link")?;
    ensure!(parameters.contains("rel=\"next\""), "another relation: {link}");
    Ok(Some(target.to_owned()))
}
