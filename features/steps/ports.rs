//! Public lists and their pages.

use crate::response::Response;
use crate::steps::json::comma_separated;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};

/// More pages than any list has.
const MAX_PAGES: usize = 500;

#[when(expr = "I read all pages of {string}")]
async fn read_all_pages(world: &mut World, target: String) -> Result<()> {
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(world.responses.len() < MAX_PAGES, "the list does not end");
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

#[then(expr = "exactly the ports {string} are found")]
fn are_found(world: &mut World, codes: String) -> Result<()> {
    let json = world.response()?.json()?;
    let ports = json["ports"].as_array().context("no ports")?;
    let found: Vec<&str> = ports.iter().filter_map(|port| port["code"].as_str()).collect();
    ensure!(found == comma_separated(&codes), "found {found:?}");
    Ok(())
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
