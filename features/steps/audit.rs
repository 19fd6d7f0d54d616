//! Audit events, read by an administrator.

use crate::steps::pagination::next_target;
use crate::steps::requests::get_as;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use serde_json::Value;
use std::collections::BTreeSet;

/// More events than a scenario causes.
const MAX_EVENTS: usize = 1_000;

#[when(expr = "{word} reads all events with the subject {string} or the actor {word}")]
async fn reads_events(world: &mut World, admin: String, subject: String, actor: String) -> Result<()> {
    let subject = world.variables.fill(&subject);
    let actor = world.variables.get_of(&actor, "id")?.to_owned();
    let mut events = Vec::new();
    for filter in [format!("subject={subject}"), format!("actor={actor}")] {
        let target = format!("/admin/audit?limit=100&{filter}");
        events.extend(read(world, &admin, target, MAX_EVENTS).await?);
    }
    world.events = events;
    Ok(())
}

#[when(expr = "{word} reads the latest {int} events in pages of {int}")]
async fn reads_latest(world: &mut World, admin: String, count: usize, limit: usize) -> Result<()> {
    world.events = read(world, &admin, format!("/admin/audit?limit={limit}"), count).await?;
    Ok(())
}

#[then("the events include the actions")]
fn include_actions(world: &mut World, step: &Step) -> Result<()> {
    let table = step.table.as_ref().context("the step has no table")?;
    let actual: BTreeSet<&str> = world
        .events
        .iter()
        .filter_map(|event| event["action"].as_str())
        .collect();
    let missing: Vec<&String> = table
        .rows
        .iter()
        .flatten()
        .filter(|action| !actual.contains(action.as_str()))
        .collect();
    ensure!(missing.is_empty(), "{missing:?} are not among {actual:?}");
    Ok(())
}

#[then("each event has a time, a client address, a request id, an action and a hash")]
fn are_complete(world: &mut World) -> Result<()> {
    for event in &world.events {
        for member in ["at", "address", "request_id", "action", "hash"] {
            let text = event[member].as_str().unwrap_or_default();
            ensure!(!text.is_empty(), "no {member}: {event}");
        }
        let time = event["at"].as_str().unwrap_or_default();
        ensure!(
            time.ends_with('Z') || time.contains('+'),
            "a time without a time zone: {event}"
        );
    }
    Ok(())
}

#[then(expr = "no event contains {string}")]
fn none_contains(world: &mut World, unwanted: String) -> Result<()> {
    let unwanted = world.variables.fill(&unwanted);
    let found = world
        .events
        .iter()
        .find(|event| event.to_string().contains(&unwanted));
    ensure!(found.is_none(), "{found:?} contains {unwanted}");
    Ok(())
}

#[then(expr = "one of the events has its own request id and the client's {string}")]
fn one_has_both_request_ids(world: &mut World, id: String) -> Result<()> {
    let id = world.variables.fill(&id);
    let response = world.response()?;
    response.expect_status(200)?;
    let page = response.json()?;
    let events = page["events"].as_array().context("no events")?;
    ensure!(
        events.iter().any(|event| {
            event["detail"]["client_request_id"] == id.as_str() && event["request_id"] != id.as_str()
        }),
        "no event has the client's request id {id} beside another"
    );
    Ok(())
}

#[then("the event ids decrease without gaps")]
fn have_no_gaps(world: &mut World) -> Result<()> {
    let ids: Vec<i64> = world
        .events
        .iter()
        .filter_map(|event| event["id"].as_i64())
        .collect();
    ensure!(
        ids.len() == world.events.len() && ids.len() > 10,
        "there are {} ids",
        ids.len()
    );
    let gap = ids.windows(2).find(|pair| pair[0] != pair[1] + 1);
    ensure!(gap.is_none(), "{gap:?}");
    Ok(())
}

#[then("the events have distinct hashes")]
fn have_distinct_hashes(world: &mut World) -> Result<()> {
    let hashes: BTreeSet<&str> = world
        .events
        .iter()
        .filter_map(|event| event["hash"].as_str())
        .collect();
    ensure!(
        hashes.len() == world.events.len(),
        "two events have the same hash"
    );
    ensure!(
        hashes.iter().all(|hash| hash.len() == 64),
        "not SHA-256: {hashes:?}"
    );
    Ok(())
}

/// Reads pages until there are `count` events or no more pages.
async fn read(world: &World, admin: &str, target: String, count: usize) -> Result<Vec<Value>> {
    let (mut events, mut next) = (Vec::new(), Some(target));
    while let Some(target) = next.filter(|_| events.len() < count) {
        let response = get_as(world, admin, &target).await?;
        response.expect_status(200)?;
        let page = response.json()?;
        events.extend(page["events"].as_array().context("no events")?.iter().cloned());
        next = next_target(&response)?;
    }
    Ok(events)
}
