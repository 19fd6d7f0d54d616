//! What stands in an answer's JSON, and what is noted of it.

use crate::answer::Answer;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use serde_json::Value;

#[when(expr = "I note the member {string} as {string}")]
#[then(expr = "I note the member {string} as {string}")]
fn note_member(visitor: &mut Visitor, member: String, name: String) -> Result<()> {
    let value = text(&find(visitor.answer()?, &member)?);
    visitor.notes.note(&name, &value);
    Ok(())
}

#[when(expr = "I note the header {string} as {string}")]
#[then(expr = "I note the header {string} as {string}")]
fn note_header(visitor: &mut Visitor, header: String, name: String) -> Result<()> {
    let answer = visitor.answer()?;
    let value = answer
        .header(&header)?
        .with_context(|| format!("{}: no {header}", answer.asked))?
        .to_owned();
    visitor.notes.note(&name, &value);
    Ok(())
}

#[when(expr = "I note {string} as {string}")]
fn note(visitor: &mut Visitor, value: String, name: String) {
    let value = visitor.notes.fill(&value);
    visitor.notes.note(&name, &value);
}

#[then(expr = "the member {string} is {string}")]
fn member_is(visitor: &mut Visitor, member: String, wanted: String) -> Result<()> {
    let answer = visitor.answer()?;
    let (given, wanted) = (text(&find(answer, &member)?), visitor.notes.fill(&wanted));
    ensure!(
        given == wanted,
        "{}: {member} is {given}, not {wanted}",
        answer.asked
    );
    Ok(())
}

#[then(expr = "the member {string} is not {string}")]
fn member_is_not(visitor: &mut Visitor, member: String, unwanted: String) -> Result<()> {
    let answer = visitor.answer()?;
    let (given, unwanted) = (text(&find(answer, &member)?), visitor.notes.fill(&unwanted));
    ensure!(given != unwanted, "{}: {member} is {given}", answer.asked);
    Ok(())
}

#[then("these are its members, and no others")]
fn exactly_members(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let answer = visitor.answer()?;
    let json = answer.json()?;
    let object = json
        .as_object()
        .with_context(|| format!("{}: no object: {answer}", answer.asked))?;
    let table = step.table.as_ref().context("the step has no table")?;
    let mut wanted: Vec<&str> = table.rows.iter().flatten().map(String::as_str).collect();
    let mut given: Vec<&str> = object.keys().map(String::as_str).collect();
    wanted.sort_unstable();
    given.sort_unstable();
    ensure!(given == wanted, "{}: its members are {given:?}", answer.asked);
    Ok(())
}

#[then(expr = "nowhere in the answer is {string}")]
fn nowhere(visitor: &mut Visitor, unwanted: String) -> Result<()> {
    let answer = visitor.answer()?;
    let unwanted = visitor.notes.fill(&unwanted);
    ensure!(!answer.text()?.contains(&unwanted), "{}: {answer}", answer.asked);
    Ok(())
}

#[then(expr = "the problem is of the kind {string}")]
fn is_of_kind(visitor: &mut Visitor, kind: String) -> Result<()> {
    let answer = visitor.answer()?;
    let problem = answer.expect_problem(answer.status)?;
    let given = problem["type"].as_str().unwrap_or_default();
    ensure!(
        given.rsplit([':', '/', '#']).next() == Some(kind.as_str()),
        "{}: it is {given}",
        answer.asked
    );
    Ok(())
}

/// Nobody can tell one from the other: same status, same header fields, same body, but for what names each answer.
#[then("the two latest answers cannot be told apart")]
fn alike(visitor: &mut Visitor) -> Result<()> {
    let [.., first, second] = visitor.answers.as_slice() else {
        anyhow::bail!("two answers are compared, not {}", visitor.answers.len());
    };
    second.expect_status(first.status)?;
    ensure!(plain(first)? == plain(second)?, "{first} and {second} differ");
    let names = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    };
    ensure!(
        names(first) == names(second),
        "{:?} and {:?} differ",
        names(first),
        names(second)
    );
    Ok(())
}

/// The body without what names the request.
fn plain(answer: &Answer) -> Result<Value> {
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    let mut json = answer.json()?;
    if let Some(object) = json.as_object_mut() {
        object.remove("request_id");
        object.remove("instance");
    }
    Ok(json)
}

/// A member by its name, or by its JSON pointer (RFC 6901).
fn find(answer: &Answer, member: &str) -> Result<Value> {
    let pointer = if member.starts_with('/') {
        member.to_owned()
    } else {
        format!("/{member}")
    };
    let json = answer.json()?;
    let found = json.pointer(&pointer).cloned();
    found.with_context(|| format!("{}: no member {member}: {answer}", answer.asked))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
