//! What the edge adds to every answer: quotas, traces, request ids; and what it does with bytes that mean two things.

use crate::answer::Answer;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::then;
use sfv::{BareItem, List, ListEntry, Parser};

/// The trace id that the features send.
const SENT_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[then("the fields RateLimit and RateLimit-Policy are structured fields that agree with each other")]
fn quota(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    let (quota, window) = (
        parameter(answer, "ratelimit-policy", "q")?,
        parameter(answer, "ratelimit-policy", "w")?,
    );
    let (left, whole) = (
        parameter(answer, "ratelimit", "r")?,
        parameter(answer, "ratelimit", "t")?,
    );
    ensure!((0..quota).contains(&left), "{left} left of {quota}");
    ensure!(
        (0..=window).contains(&whole),
        "whole again in {whole} s of {window} s"
    );
    Ok(())
}

/// A quota of its own would be whole but for this request. Other requests count on the same quota meanwhile, and it
/// fills up again: so it is only seen not to be whole.
#[then("the second answer counts on the same quota as the first")]
fn same_quota(visitor: &mut Visitor) -> Result<()> {
    let [first, second] = visitor.answers.as_slice() else {
        anyhow::bail!("two answers are compared, not {}", visitor.answers.len());
    };
    let (before, after) = (
        parameter(first, "ratelimit", "r")?,
        parameter(second, "ratelimit", "r")?,
    );
    let quota = parameter(second, "ratelimit-policy", "q")?;
    ensure!(
        after < quota - 1 || before == quota - 1,
        "{before} were left, then {after} of {quota}"
    );
    Ok(())
}

#[then("the answer begins a trace of its own")]
fn own_trace(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    let trace = answer.header("traceparent")?.context("no traceparent")?;
    let parts: Vec<&str> = trace.split('-').collect();
    let is_hex = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    ensure!(
        lengths == [2, 32, 16, 2] && parts.iter().all(|part| is_hex(part)),
        "malformed: {trace}"
    );
    ensure!(
        !trace.contains(SENT_TRACE) && !trace.contains(&"0".repeat(16)),
        "taken up: {trace}"
    );
    Ok(())
}

#[then("the request id is one of the service's own")]
fn own_request_id(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    let id = answer.header("x-request-id")?.context("no request id")?;
    ensure!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "kept: {id}"
    );
    Ok(())
}

#[then("no second request was read from them")]
fn no_second(visitor: &mut Visitor) -> Result<()> {
    let exchange = visitor.exchange.as_ref().context("nothing was sent")?;
    let received = String::from_utf8_lossy(&exchange.received);
    ensure!(exchange.answers() <= 1, "received: {received}");
    Ok(())
}

/// A whole number that stands as a parameter of the only member of a list (RFC 9651 §3.1).
fn parameter(answer: &Answer, field: &str, name: &str) -> Result<i64> {
    let text = answer
        .header(field)?
        .with_context(|| format!("{}: no {field}", answer.asked))?;
    let list = Parser::new(text)
        .parse::<List>()
        .map_err(|error| anyhow::anyhow!("{field}: {error}: {text}"))?;
    let [ListEntry::Item(item)] = list.as_slice() else {
        anyhow::bail!("{field} is not one item: {text}");
    };
    ensure!(
        matches!(item.bare_item, BareItem::String(_)),
        "{field} has no name: {text}"
    );
    let number = item.params.get(name).and_then(|value| value.as_integer());
    Ok(number
        .with_context(|| format!("{field} has no {name}: {text}"))?
        .into())
}
