//! Members of JSON bodies, and variables saved from responses.

use crate::response::Response;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use serde_json::Value;

#[when(expr = "I save the member {string} as {string}")]
#[then(expr = "I save the member {string} as {string}")]
fn save_member(world: &mut World, member: String, name: String) -> Result<()> {
    let value = member_text(world.response()?, &member)?;
    world.variables.set(&name, &value);
    Ok(())
}

#[when(expr = "I save the header {string} as {string}")]
#[then(expr = "I save the header {string} as {string}")]
fn save_header(world: &mut World, header: String, name: String) -> Result<()> {
    let response = world.response()?;
    let value = response
        .header(&header)?
        .with_context(|| format!("{}: no {header}", response.request))?
        .to_owned();
    world.variables.set(&name, &value);
    Ok(())
}

#[when(expr = "I save {string} as {string}")]
fn save(world: &mut World, value: String, name: String) {
    let value = world.variables.fill(&value);
    world.variables.set(&name, &value);
}

#[then(expr = "the member {string} is {string}")]
fn member_is(world: &mut World, member: String, expected: String) -> Result<()> {
    let response = world.response()?;
    let (actual, expected) = (member_text(response, &member)?, world.variables.fill(&expected));
    ensure!(
        actual == expected,
        "{}: {member} is {actual}, not {expected}",
        response.request
    );
    Ok(())
}

#[then(expr = "the member {string} is not {string}")]
fn member_is_not(world: &mut World, member: String, unwanted: String) -> Result<()> {
    let response = world.response()?;
    let (actual, unwanted) = (member_text(response, &member)?, world.variables.fill(&unwanted));
    ensure!(actual != unwanted, "{}: {member} is {actual}", response.request);
    Ok(())
}

#[then("the response body has exactly the members")]
fn has_exactly_members(world: &mut World, step: &Step) -> Result<()> {
    let response = world.response()?;
    let json = response.json()?;
    let object = json
        .as_object()
        .with_context(|| format!("{}: not an object: {response}", response.request))?;
    let table = step.table.as_ref().context("the step has no table")?;
    let mut expected: Vec<&str> = table.rows.iter().flatten().map(String::as_str).collect();
    let mut actual: Vec<&str> = object.keys().map(String::as_str).collect();
    expected.sort_unstable();
    actual.sort_unstable();
    ensure!(
        actual == expected,
        "{}: the members are {actual:?}",
        response.request
    );
    Ok(())
}

/// The rows of a table without the first, which names the columns.
pub(super) fn rows(step: &Step) -> Result<Vec<Vec<String>>> {
    let table = step.table.as_ref().context("the step has no table")?;
    Ok(table.rows.iter().skip(1).cloned().collect())
}

/// The names in a list separated by commas.
pub(super) fn comma_separated(list: &str) -> Vec<&str> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

/// A member by its name or JSON pointer (RFC 6901), as text.
fn member_text(response: &Response, member: &str) -> Result<String> {
    let pointer = if member.starts_with('/') {
        member.to_owned()
    } else {
        format!("/{member}")
    };
    let json = response.json()?;
    let value = json
        .pointer(&pointer)
        .with_context(|| format!("{}: no member {member}: {response}", response.request))?;
    Ok(text(value))
}

/// A string without its quotes, and any other value as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
