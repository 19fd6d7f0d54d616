//! Daily rates: both API contracts, all formats, and the aggregation of regions.

use crate::response::Response;
use crate::steps::json::rows;
use crate::steps::regions::ports_in;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::header::HeaderMap;
use serde_json::Value;

#[when(expr = "I request the rates from {word} to {word} between {word} and {word}")]
async fn request(world: &mut World, from: String, to: String, first: String, last: String) -> Result<()> {
    let target = exact_target(&from, &to, &first, &last);
    let response = world.client.get(&target).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "I request the rates from {word} to {word} between {word} and {word} {int} times")]
async fn request_repeatedly(
    world: &mut World,
    from: String,
    to: String,
    first: String,
    last: String,
    times: usize,
) -> Result<()> {
    let target = exact_target(&from, &to, &first, &last);
    for _ in 0..times {
        let response = world.client.get(&target).await?;
        world.responses.push(response);
    }
    Ok(())
}

#[when(expr = "I request the rounded rates from {word} to {word} between {word} and {word}")]
async fn request_rounded(
    world: &mut World,
    from: String,
    to: String,
    first: String,
    last: String,
) -> Result<()> {
    let target = format!("/rates?date_from={first}&date_to={last}&origin={from}&destination={to}");
    let response = world.client.get(&target).await?;
    world.responses.push(response);
    Ok(())
}

#[then(expr = "there is one entry per day, {int} in total, newest first, from {word} back to {word}")]
fn are_newest_first(world: &mut World, entries: usize, first: String, last: String) -> Result<()> {
    let days = expect_days(world, entries, &first, &last)?;
    ensure!(
        days.is_sorted_by(|one, next| one > next),
        "not newest first, or duplicates: {days:?}"
    );
    Ok(())
}

#[then(expr = "there is one entry per day, {int} in total, oldest first, from {word} to {word}")]
fn are_oldest_first(world: &mut World, entries: usize, first: String, last: String) -> Result<()> {
    let days = expect_days(world, entries, &first, &last)?;
    ensure!(
        days.is_sorted_by(|one, next| one < next),
        "not oldest first, or duplicates: {days:?}"
    );
    Ok(())
}

/// Compared as text, because JSON parsers may round a price.
#[then("the response contains these entries verbatim")]
fn contains_entries(world: &mut World, step: &Step) -> Result<()> {
    let response = world.response()?;
    let text = response.text()?;
    for entry in rows(step)?.iter().flatten() {
        ensure!(
            text.contains(entry),
            "{}: no {entry} in {response}",
            response.request
        );
    }
    Ok(())
}

#[then("at least one day has a price")]
fn has_price(world: &mut World) -> Result<()> {
    let entries = entries_of(world.response()?)?;
    let priced = |entry: &Value| entry["price"].is_number() || entry["average_price"].is_number();
    ensure!(entries.iter().any(priced), "no day has a price");
    Ok(())
}

#[then("no day has a price or a count")]
fn has_no_price(world: &mut World) -> Result<()> {
    let entries = entries_of(world.response()?)?;
    ensure!(
        entries
            .iter()
            .all(|entry| entry["price"].is_null() && entry["count"].is_null()),
        "a day has a price or a count"
    );
    Ok(())
}

#[then("both responses contain the same averages, the second one rounded")]
fn have_same_averages(world: &mut World) -> Result<()> {
    let [exact, rounded] = world.responses.as_slice() else {
        anyhow::bail!("two responses are compared, not {}", world.responses.len());
    };
    let (exact, rounded) = (entries_of(exact)?, entries_of(rounded)?);
    ensure!(exact.len() == rounded.len(), "different numbers of days");
    for (exact, rounded) in exact.iter().rev().zip(&rounded) {
        ensure!(exact["day"] == rounded["day"], "different days");
        let is_equal = match (exact["price"].as_f64(), rounded["average_price"].as_f64()) {
            (Some(exact), Some(rounded)) => (exact - rounded).abs() <= 0.5,
            (exact, rounded) => exact == rounded,
        };
        ensure!(is_equal, "{exact} and {rounded}");
    }
    Ok(())
}

/// The average of a region weights every price equally, not every port.
#[then(expr = "each day's count and average cover the prices of every port in {word} to {word}")]
async fn covers_ports(world: &mut World, region: String, to: String) -> Result<()> {
    let entries = entries_of(world.response()?)?;
    let days = days(&entries)?;
    let (last, first) = (days.first().context("no day")?, days.last().context("no day")?);
    let mut sums = vec![(0.0, 0_u64, true); days.len()];
    for port in ports_in(world, &region).await? {
        let response = world.client.get(&exact_target(&port, &to, first, last)).await?;
        for (sum, entry) in sums.iter_mut().zip(entries_of(&response)?) {
            let count = entry["count"].as_u64().unwrap_or_default();
            // The sum is unknown if a port has one or two prices, because the service hides their average.
            sum.2 &= count == 0 || count >= 3;
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let weight = count as f64;
            sum.0 += entry["price"].as_f64().unwrap_or_default() * weight;
            sum.1 += count;
        }
    }
    ensure!(
        sums.iter().any(|(_, count, is_known)| *count > 3 && *is_known),
        "no day could be compared"
    );
    for (entry, (sum, count, is_known)) in entries.iter().zip(sums) {
        ensure!(
            entry["count"].as_u64().unwrap_or_default() == count,
            "the count of {entry} is not {count}"
        );
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let average = sum / count as f64;
        let is_near = |price: f64| (price - average).abs() < 1e-6;
        ensure!(
            !is_known || count < 3 || entry["price"].as_f64().is_some_and(is_near),
            "the average of {entry} is not {average}"
        );
    }
    Ok(())
}

#[then(expr = "the response has the header line {string} and {int} more lines, each ending in {string}")]
fn has_lines(world: &mut World, header: String, more: usize, end: String) -> Result<()> {
    let end = end.replace("\\r", "\r").replace("\\n", "\n");
    let text = world.response()?.text()?;
    let lines: Vec<&str> = text.split_terminator(&end).collect();
    ensure!(
        text.ends_with(&end) && lines.len() == more + 1,
        "{} lines",
        lines.len()
    );
    ensure!(
        lines.first() == Some(&header.as_str()),
        "the first line is {:?}",
        lines.first()
    );
    Ok(())
}

#[then(expr = "each of the {int} lines of the response is a JSON object")]
fn has_json_lines(world: &mut World, count: usize) -> Result<()> {
    let lines: Vec<&str> = world.response()?.text()?.lines().collect();
    ensure!(lines.len() == count, "{} lines", lines.len());
    for line in lines {
        ensure!(serde_json::from_str::<Value>(line)?.is_object(), "{line}");
    }
    Ok(())
}

#[when(expr = "I request the rates of January 2021 as {string}")]
async fn request_format(world: &mut World, accept: String) -> Result<()> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", accept.parse()?);
    let target = exact_target("CNGGZ", "EETLL", "2021-01-01", "2021-01-31");
    let response = world.client.send(reqwest::Method::GET, &target, headers).await?;
    world.responses.push(response);
    Ok(())
}

/// A target of the first contract: exact averages with counts, newest first.
fn exact_target(from: &str, to: &str, first: &str, last: &str) -> String {
    format!("/rates?date_from={first}&date_to={last}&orig_code={from}&dest_code={to}")
}

/// The entries of a response of either contract.
fn entries_of(response: &Response) -> Result<Vec<Value>> {
    response.expect_status(200)?;
    let json = response.json()?;
    let entries = json.as_array().or_else(|| json["rates"].as_array());
    Ok(entries.context("the response has no rates")?.clone())
}

/// The days of the latest response, whose number, first and last must be these.
fn expect_days(world: &World, count: usize, first: &str, last: &str) -> Result<Vec<String>> {
    let days = days(&entries_of(world.response()?)?)?;
    ensure!(days.len() == count, "there are {}", days.len());
    let is_expected = |day: Option<&String>, expected: &str| day.is_some_and(|day| day == expected);
    ensure!(
        is_expected(days.first(), first) && is_expected(days.last(), last),
        "different days: {days:?}"
    );
    Ok(days)
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
