//! Audit events, read by an administrator.

use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[when(expr = "{word} reads all events about {string} and those that {word} caused")]
async fn about(visitor: &mut Visitor, admin: String, subject: String, actor: String) -> Result<()> {
    let subject = visitor.notes.fill(&subject);
    let actor = visitor.notes.get(&format!("{actor}.id"))?.to_owned();
    let mut events = Vec::new();
    for filter in [format!("subject={subject}"), format!("actor={actor}")] {
        let target = format!("/admin/audit?limit=100&{filter}");
        events.extend(read(visitor, &admin, target, 1_000).await?);
    }
    visitor.events = events;
    Ok(())
}

#[when(expr = "{word} reads the latest {int} events, {int} a page")]
async fn latest(visitor: &mut Visitor, admin: String, count: usize, limit: usize) -> Result<()> {
    visitor.events = read(visitor, &admin, format!("/admin/audit?limit={limit}"), count).await?;
    Ok(())
}

#[then("these actions are among them")]
fn actions(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let table = step.table.as_ref().context("the step has no table")?;
    let given: BTreeSet<&str> = visitor
        .events
        .iter()
        .filter_map(|event| event["action"].as_str())
        .collect();
    let missing: Vec<&String> = table
        .rows
        .iter()
        .flatten()
        .filter(|action| !given.contains(action.as_str()))
        .collect();
    ensure!(missing.is_empty(), "missing are {missing:?} in {given:?}");
    Ok(())
}

#[then("each of them tells when, from where and in which request")]
fn whole(visitor: &mut Visitor) -> Result<()> {
    for event in &visitor.events {
        for member in ["at", "address", "request_id", "action", "hash"] {
            let text = event[member].as_str().unwrap_or_default();
            ensure!(!text.is_empty(), "no {member}: {event}");
        }
        let at = event["at"].as_str().unwrap_or_default();
        ensure!(
            at.ends_with('Z') || at.contains('+'),
            "a time without its zone: {event}"
        );
    }
    Ok(())
}

#[then(expr = "nowhere in them is {string}")]
fn nowhere(visitor: &mut Visitor, unwanted: String) -> Result<()> {
    let unwanted = visitor.notes.fill(&unwanted);
    let found = visitor
        .events
        .iter()
        .find(|event| event.to_string().contains(&unwanted));
    ensure!(found.is_none(), "{found:?} holds {unwanted}");
    Ok(())
}

#[then(expr = "one of the events is of the request {string}")]
fn of_request(visitor: &mut Visitor, id: String) -> Result<()> {
    let id = visitor.notes.fill(&id);
    let answer = visitor.answer()?;
    answer.expect_status(200)?;
    let page = answer.json()?;
    let events = page["events"].as_array().context("no events")?;
    ensure!(
        events.iter().any(|event| event["request_id"] == id.as_str()),
        "no event of {id}"
    );
    Ok(())
}

#[then("their numbers fall by one each")]
fn no_gap(visitor: &mut Visitor) -> Result<()> {
    let numbers: Vec<i64> = visitor
        .events
        .iter()
        .filter_map(|event| event["id"].as_i64())
        .collect();
    ensure!(
        numbers.len() == visitor.events.len() && numbers.len() > 10,
        "there are {}",
        numbers.len()
    );
    let gap = numbers.windows(2).find(|two| two[0] != two[1] + 1);
    ensure!(gap.is_none(), "{gap:?}");
    Ok(())
}

#[then("each has a hash of its own")]
fn hashes(visitor: &mut Visitor) -> Result<()> {
    let hashes: BTreeSet<&str> = visitor
        .events
        .iter()
        .filter_map(|event| event["hash"].as_str())
        .collect();
    ensure!(hashes.len() == visitor.events.len(), "two events have one hash");
    ensure!(
        hashes.iter().all(|hash| hash.len() == 64),
        "not SHA-256: {hashes:?}"
    );
    Ok(())
}

/// From page to page, until there are so many or no more.
async fn read(visitor: &Visitor, admin: &str, target: String, count: usize) -> Result<Vec<Value>> {
    let (mut events, mut next) = (Vec::new(), Some(target));
    while let Some(target) = next.filter(|_| events.len() < count) {
        let answer = ask(visitor, Some(admin), Method::GET, &target, "", None).await?;
        answer.expect_status(200)?;
        let page = answer.json()?;
        events.extend(page["events"].as_array().context("no events")?.iter().cloned());
        next = answer
            .header("link")?
            .map(super::ports::next_target)
            .transpose()?;
    }
    Ok(events)
}
