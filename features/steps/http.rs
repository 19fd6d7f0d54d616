//! Asking, and what every answer must be, whatever it is about.

use crate::answer::Answer;
use crate::client::headers;
use crate::spelling::{bytes, expand};
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::Method;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// How the answers to hostile bytes are waited for: longer than the service may keep a slow client.
const PATIENCE: Duration = Duration::from_secs(12);

#[when(expr = "I get {string}")]
async fn get(visitor: &mut Visitor, target: String) -> Result<()> {
    send_with(visitor, "GET", &target, "").await
}

#[when(expr = "I get {string} with {string}")]
async fn get_with(visitor: &mut Visitor, target: String, fields: String) -> Result<()> {
    send_with(visitor, "GET", &target, &fields).await
}

#[when(expr = "I send {word} to {string}")]
async fn send(visitor: &mut Visitor, method: String, target: String) -> Result<()> {
    send_with(visitor, &method, &target, "").await
}

#[when(expr = "I send {word} to {string} with {string}")]
async fn send_and(visitor: &mut Visitor, method: String, target: String, fields: String) -> Result<()> {
    send_with(visitor, &method, &target, &fields).await
}

#[when(expr = "I get {string} over the second version of HTTP")]
async fn get_by_http2(visitor: &mut Visitor, target: String) -> Result<()> {
    let answer = visitor.client.get_by_http2(&target).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when("I provoke each of these answers")]
async fn provoke(visitor: &mut Visitor, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [status, method, target, fields] = row.as_slice() else {
            anyhow::bail!("a row is: status, method, target, header fields");
        };
        send_with(visitor, method, target, fields).await?;
        visitor.answer()?.expect_status(status.parse()?)?;
    }
    Ok(())
}

#[when("I send these bytes")]
async fn send_bytes(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let text = step.docstring.as_deref().context("no bytes are given")?;
    visitor.exchange = Some(visitor.client.send(&bytes(text), PATIENCE).await?);
    Ok(())
}

#[when("I connect and say nothing")]
async fn silence(visitor: &mut Visitor) -> Result<()> {
    visitor.exchange = Some(visitor.client.send(b"", PATIENCE).await?);
    Ok(())
}

#[then(expr = "the answer is {int}")]
fn status_is(visitor: &mut Visitor, status: u16) -> Result<()> {
    visitor.answer()?.expect_status(status)
}

#[then(expr = "the answer is {int} as {string}")]
fn status_as(visitor: &mut Visitor, status: u16, media_type: String) -> Result<()> {
    let answer = visitor.answer()?;
    answer.expect_status(status)?;
    let given = answer.media_type()?;
    ensure!(given == media_type, "{}: is {given}", answer.asked);
    Ok(())
}

#[then(expr = "the answer is a problem with status {int}")]
fn problem(visitor: &mut Visitor, status: u16) -> Result<()> {
    visitor.answer()?.expect_problem(status).map(|_| ())
}

#[then("each of them is a problem that shows nothing internal")]
fn problems(visitor: &mut Visitor) -> Result<()> {
    for answer in visitor.answers.iter().filter(|answer| answer.status >= 400) {
        // HEAD has no body to look at.
        if !answer.asked.starts_with("HEAD") {
            answer.expect_problem(answer.status)?;
        }
    }
    Ok(())
}

#[then(expr = "the problem names exactly the field(s) {string}")]
fn names_fields(visitor: &mut Visitor, fields: String) -> Result<()> {
    let answer = visitor.answer()?;
    let problem = answer.expect_problem(answer.status)?;
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    ensure!(
        errors.iter().all(|error| error["reason"].is_string()),
        "a field without a reason: {problem}"
    );
    let mut named: Vec<&str> = errors
        .iter()
        .filter_map(|error| error["field"].as_str())
        .collect();
    let mut wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
    named.sort_unstable();
    wanted.sort_unstable();
    ensure!(named == wanted, "{}: named are {named:?}", answer.asked);
    Ok(())
}

#[then("the answer is a refusal, never a failure of the service")]
fn refusal(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!((400..500).contains(&answer.status), "{}: {answer}", answer.asked);
    answer.expect_problem(answer.status).map(|_| ())
}

#[then("the answer is no failure of the service")]
fn no_failure(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!(answer.status < 500, "{}: {answer}", answer.asked);
    if answer.status >= 400 {
        answer.expect_problem(answer.status)?;
    }
    Ok(())
}

#[then(expr = "the body is exactly {string}")]
fn body(visitor: &mut Visitor, text: String) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!(answer.text()? == text, "{}: {answer}", answer.asked);
    Ok(())
}

#[then("the body is empty")]
fn empty(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!(answer.body.is_empty(), "{}: {answer}", answer.asked);
    Ok(())
}

#[then(expr = "the header {string} is {string}")]
fn header_is(visitor: &mut Visitor, name: String, value: String) -> Result<()> {
    let answer = visitor.answer()?;
    let (given, value) = (answer.header(&name)?, visitor.notes.fill(&value));
    ensure!(
        given == Some(value.as_str()),
        "{}: {name} is {given:?}",
        answer.asked
    );
    Ok(())
}

#[then(expr = "the header {string} holds {string}")]
fn header_holds(visitor: &mut Visitor, name: String, part: String) -> Result<()> {
    let answer = visitor.answer()?;
    // A list may come in several fields (RFC 9110 §5.3).
    let given: Vec<_> = answer
        .headers
        .get_all(&name)
        .iter()
        .map(|value| value.to_str())
        .collect::<Result<_, _>>()?;
    ensure!(
        given.join(", ").contains(&visitor.notes.fill(&part)),
        "{}: {name} is {given:?}",
        answer.asked
    );
    Ok(())
}

#[then(expr = "there is no header {string}")]
fn no_header(visitor: &mut Visitor, name: String) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!(
        !answer.headers.contains_key(&name),
        "{}: has {name}",
        answer.asked
    );
    Ok(())
}

/// The quickest of some: what a busy machine adds to one is not the service's.
#[then(expr = "the quickest answer came within {int} milliseconds")]
fn quick(visitor: &mut Visitor, milliseconds: u64) -> Result<()> {
    let quickest = visitor.answers.iter().map(|answer| answer.took).min();
    let quickest = quickest.context("nothing was asked yet")?;
    ensure!(
        quickest < Duration::from_millis(milliseconds),
        "it took {quickest:?}"
    );
    Ok(())
}

#[then("every one of them carries")]
fn carry(visitor: &mut Visitor, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [name, wanted] = row.as_slice() else {
            anyhow::bail!("a row is: header, value");
        };
        for answer in &visitor.answers {
            let given = answer.header(name)?;
            ensure!(
                given == Some(wanted),
                "{}: {} with {name}: {given:?}",
                answer.asked,
                answer.status
            );
        }
    }
    Ok(())
}

#[then("not one of them carries")]
fn carry_none(visitor: &mut Visitor, step: &Step) -> Result<()> {
    for name in rows(step)?.iter().flatten() {
        for answer in &visitor.answers {
            ensure!(
                !answer.headers.contains_key(name),
                "{}: {} has {name}",
                answer.asked,
                answer.status
            );
        }
    }
    Ok(())
}

#[then(expr = "the connection is closed within {int} seconds")]
fn closed(visitor: &mut Visitor, seconds: u64) -> Result<()> {
    let exchange = visitor.exchange.as_ref().context("nothing was sent")?;
    let closed = exchange.closed_after.context("the connection stayed open")?;
    ensure!(closed < Duration::from_secs(seconds), "it took {closed:?}");
    Ok(())
}

#[then(expr = "the bytes are answered with {int} and nothing else")]
fn one_answer(visitor: &mut Visitor, status: u16) -> Result<()> {
    let exchange = visitor.exchange.as_ref().context("nothing was sent")?;
    let received = String::from_utf8_lossy(&exchange.received);
    ensure!(
        exchange.status() == Some(status) && exchange.answers() == 1,
        "received: {received}"
    );
    Ok(())
}

/// The cells of a table without its first row, which names the columns.
pub(super) fn rows(step: &Step) -> Result<Vec<Vec<String>>> {
    let table = step.table.as_ref().context("the step has no table")?;
    Ok(table.rows.iter().skip(1).cloned().collect())
}

async fn send_with(visitor: &mut Visitor, method: &str, target: &str, fields: &str) -> Result<()> {
    let fill = |text: &str| expand(&visitor.notes.fill(text));
    let fields: HeaderMap = headers(&fill(fields))?;
    let method = Method::from_bytes(method.as_bytes())?;
    let answer: Answer = visitor.client.ask(method, &fill(target), fields).await?;
    visitor.answers.push(answer);
    Ok(())
}
