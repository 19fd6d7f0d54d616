//! Daily rates: both contracts, all formats, and sums that must agree with each other.

use crate::answer::Answer;
use crate::steps::http::rows;
use crate::steps::regions::ports_below;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::header::HeaderMap;
use serde_json::Value;

#[when(expr = "I ask for the rates from {word} to {word} between {word} and {word}")]
async fn rates(visitor: &mut Visitor, from: String, to: String, first: String, last: String) -> Result<()> {
    let target = counted(&from, &to, &first, &last);
    let answer = visitor.client.get(&target).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "I ask {int} times for the rates from {word} to {word} between {word} and {word}")]
async fn again(
    visitor: &mut Visitor,
    times: usize,
    from: String,
    to: String,
    first: String,
    last: String,
) -> Result<()> {
    let target = counted(&from, &to, &first, &last);
    for _ in 0..times {
        let answer = visitor.client.get(&target).await?;
        visitor.answers.push(answer);
    }
    Ok(())
}

#[when(expr = "I ask for the rounded rates from {word} to {word} between {word} and {word}")]
async fn rounded(visitor: &mut Visitor, from: String, to: String, first: String, last: String) -> Result<()> {
    let target = format!("/rates?date_from={first}&date_to={last}&origin={from}&destination={to}");
    let answer = visitor.client.get(&target).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[then(expr = "there is one entry a day, {int} in all, newest first, from {word} back to {word}")]
fn newest_first(visitor: &mut Visitor, entries: usize, first: String, last: String) -> Result<()> {
    let days = days(&entries_of(visitor.answer()?)?)?;
    ensure!(days.len() == entries, "there are {}", days.len());
    ensure!(
        days.windows(2).all(|two| two[0] > two[1]),
        "not in order, or one twice: {days:?}"
    );
    ensure!(
        days.first() == Some(&first) && days.last() == Some(&last),
        "other days: {days:?}"
    );
    Ok(())
}

#[then(expr = "there is one entry a day, {int} in all, oldest first, from {word} to {word}")]
fn oldest_first(visitor: &mut Visitor, entries: usize, first: String, last: String) -> Result<()> {
    let days = days(&entries_of(visitor.answer()?)?)?;
    ensure!(days.len() == entries, "there are {}", days.len());
    ensure!(
        days.windows(2).all(|two| two[0] < two[1]),
        "not in order, or one twice: {days:?}"
    );
    ensure!(
        days.first() == Some(&first) && days.last() == Some(&last),
        "other days: {days:?}"
    );
    Ok(())
}

/// Compared as text, so that a price is exactly what was sent, to its last digit.
#[then("among the entries are exactly as written")]
fn among(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let answer = visitor.answer()?;
    let text = answer.text()?;
    for entry in rows(step)?.iter().flatten() {
        ensure!(text.contains(entry), "{}: no {entry} in {answer}", answer.asked);
    }
    Ok(())
}

#[then("at least one day has a price")]
fn some_price(visitor: &mut Visitor) -> Result<()> {
    let entries = entries_of(visitor.answer()?)?;
    let priced = |entry: &Value| entry["price"].is_number() || entry["average_price"].is_number();
    ensure!(entries.iter().any(priced), "every day is empty");
    Ok(())
}

#[then("no day has a price or a count")]
fn no_price(visitor: &mut Visitor) -> Result<()> {
    let entries = entries_of(visitor.answer()?)?;
    ensure!(
        entries
            .iter()
            .all(|entry| entry["price"].is_null() && entry["count"].is_null()),
        "some day has"
    );
    Ok(())
}

#[then(expr = "both answers tell the same averages, the second one rounded")]
fn same_averages(visitor: &mut Visitor) -> Result<()> {
    let [exact, rounded] = visitor.answers.as_slice() else {
        anyhow::bail!("two answers are compared, not {}", visitor.answers.len());
    };
    let (exact, rounded) = (entries_of(exact)?, entries_of(rounded)?);
    ensure!(exact.len() == rounded.len(), "not as many days");
    for (exact, rounded) in exact.iter().rev().zip(&rounded) {
        ensure!(exact["day"] == rounded["day"], "other days");
        let same = match (exact["price"].as_f64(), rounded["average_price"].as_f64()) {
            (Some(exact), Some(rounded)) => (exact - rounded).abs() <= 0.5,
            (exact, rounded) => exact == rounded,
        };
        ensure!(same, "{exact} against {rounded}");
    }
    Ok(())
}

/// The average of a region weighs every price alike, whichever port it belongs to.
#[then(expr = "each day counts and averages the prices of every port below {word} to {word}")]
async fn sum_of_ports(visitor: &mut Visitor, region: String, to: String) -> Result<()> {
    let whole = entries_of(visitor.answer()?)?;
    let days = days(&whole)?;
    let (last, first) = (days.first().context("no day")?, days.last().context("no day")?);
    let mut sums = vec![(0.0, 0_u64, true); days.len()];
    for port in ports_below(visitor, &region).await? {
        let answer = visitor.client.get(&counted(&port, &to, first, last)).await?;
        for (sum, entry) in sums.iter_mut().zip(entries_of(&answer)?) {
            let count = entry["count"].as_u64().unwrap_or_default();
            // Of one or two prices a port tells the count only.
            sum.2 &= count == 0 || count >= 3;
            #[expect(clippy::cast_precision_loss, reason = "a handful of prices")]
            let weight = count as f64;
            sum.0 += entry["price"].as_f64().unwrap_or_default() * weight;
            sum.1 += count;
        }
    }
    ensure!(
        sums.iter().any(|(_, count, known)| *count > 3 && *known),
        "no day could be compared"
    );
    for (entry, (sum, count, known)) in whole.iter().zip(sums) {
        ensure!(
            entry["count"].as_u64().unwrap_or_default() == count,
            "{entry} counts other than {count}"
        );
        #[expect(clippy::cast_precision_loss, reason = "a handful of prices")]
        let average = sum / count as f64;
        let near = |price: f64| (price - average).abs() < 1e-6;
        ensure!(
            !known || count < 3 || entry["price"].as_f64().is_some_and(near),
            "{entry} is not {average}"
        );
    }
    Ok(())
}

#[then(expr = "it has the line {string} and {int} more, each ending in {string}")]
fn lines(visitor: &mut Visitor, header: String, more: usize, end: String) -> Result<()> {
    let end = end.replace("\\r", "\r").replace("\\n", "\n");
    let text = visitor.answer()?.text()?;
    let lines: Vec<&str> = text.split_terminator(&end).collect();
    ensure!(
        text.ends_with(&end) && lines.len() == more + 1,
        "{} lines",
        lines.len()
    );
    ensure!(
        lines.first() == Some(&header.as_str()),
        "the first is {:?}",
        lines.first()
    );
    Ok(())
}

#[then(expr = "each of its {int} lines is a JSON object")]
fn json_lines(visitor: &mut Visitor, count: usize) -> Result<()> {
    let lines: Vec<&str> = visitor.answer()?.text()?.lines().collect();
    ensure!(lines.len() == count, "{} lines", lines.len());
    for line in lines {
        ensure!(serde_json::from_str::<Value>(line)?.is_object(), "{line}");
    }
    Ok(())
}

#[when(expr = "I ask for the rates of January as {string}")]
async fn as_format(visitor: &mut Visitor, accept: String) -> Result<()> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", accept.parse()?);
    let target = counted("CNGGZ", "EETLL", "2021-01-01", "2021-01-31");
    let answer = visitor.client.ask(reqwest::Method::GET, &target, headers).await?;
    visitor.answers.push(answer);
    Ok(())
}

fn counted(from: &str, to: &str, first: &str, last: &str) -> String {
    format!("/rates?date_from={first}&date_to={last}&orig_code={from}&dest_code={to}")
}

/// The entries of either contract.
fn entries_of(answer: &Answer) -> Result<Vec<Value>> {
    answer.expect_status(200)?;
    let json = answer.json()?;
    let entries = json.as_array().or_else(|| json["rates"].as_array());
    Ok(entries.context("no rates in the answer")?.clone())
}

fn days(entries: &[Value]) -> Result<Vec<String>> {
    entries
        .iter()
        .map(|entry| {
            entry["day"]
                .as_str()
                .map(str::to_owned)
                .context("an entry without a day")
        })
        .collect()
}
