//! Checks that both sides return the same rates: otherwise the ratio of their speeds means nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::http_client::{self, Request as HttpRequest};
use serde::Deserialize;
use stack::psql::Psql;

use crate::requests::{Request, Requests};
use crate::statement::Statement;
use crate::textbook;

/// Samples for statements that are fast.
pub const SAMPLES: u64 = 100;

#[derive(Debug, Deserialize)]
struct Answer {
    rates: Vec<Rate>,
}

#[derive(Debug, Deserialize)]
struct Rate {
    day: String,
    price: Option<f64>,
    count: Option<u64>,
}

type Days = BTreeMap<String, (f64, u64)>;

/// Sends the last requests of the set, which no run reaches, to a server, and compares its responses with the results of a statement.
pub fn compare(
    port: u16,
    psql: &Psql,
    statement: Statement,
    requests: &Requests,
    samples: u64,
) -> Result<()> {
    let count = samples.min(requests.size);
    let last = requests.size - count..requests.size;
    let samples: Vec<Request> = last.map(|number| requests.nth(number)).collect();
    let expected = textbook::answers(psql, statement, &samples)?;
    ensure!(
        expected.len() == samples.len(),
        "psql answered {} of {} samples",
        expected.len(),
        samples.len()
    );
    let mut days = 0;
    for (request, expected) in samples.iter().zip(&expected) {
        let target = request.target();
        let ours = ours(&get(port, &target)?).with_context(|| target.clone())?;
        let theirs = theirs(expected, statement).with_context(|| target.clone())?;
        days += theirs.len();
        ensure!(
            alike(&ours, &theirs),
            "{target}: the server returns {ours:?}, the statement {theirs:?}"
        );
    }
    ensure!(days > 0, "the samples hold no price");
    Ok(())
}

fn ours(body: &str) -> Result<Days> {
    let answer: Answer = serde_json::from_str(body).with_context(|| format!("no rates in {body}"))?;
    let mut days = Days::new();
    for Rate { day, price, count } in answer.rates {
        let Some(count) = count.filter(|count| *count > 0) else {
            continue;
        };
        // Below three prices there is no average (B3); no dataset has such a day.
        let price = price.with_context(|| format!("no price on {day}"))?;
        days.insert(day, (price, count));
    }
    Ok(days)
}

fn theirs(lines: &str, statement: Statement) -> Result<Days> {
    let mut days = Days::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [day, price, count] = fields.as_slice() else {
            bail!("psql answered `{line}`")
        };
        let (mut price, count): (f64, u64) = (price.parse()?, count.parse()?);
        if statement == Statement::Sums {
            price /= count as f64;
        }
        days.insert((*day).to_owned(), (price, count));
    }
    Ok(days)
}

/// psql's numeric average has 16 fractional digits, ours is the nearest double.
fn alike(ours: &Days, theirs: &Days) -> bool {
    let is_same = |(day, (price, count)): (&String, &(f64, u64))| {
        theirs.get(day).is_some_and(|(their_price, their_count)| {
            count == their_count && (price - their_price).abs() < 1e-9 * their_price.abs()
        })
    };
    ours.len() == theirs.len() && ours.iter().all(is_same)
}

/// The body of a GET.
fn get(port: u16, target: &str) -> Result<String> {
    let request = HttpRequest {
        method: "GET",
        target,
        headers: &[("Accept", "application/json")],
        ..HttpRequest::default()
    };
    let response = http_client::send(port, &request, Duration::from_secs(10))?;
    ensure!(response.status == 200, "{target}: status {}", response.status);
    Ok(response.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_different_day_price_or_count_is_detected() {
        let ours = ours(r#"{"rates":[{"count":3,"day":"2021-01-02","price":1154.3333333333333},{"count":0,"day":"2021-01-01","price":null}]}"#).unwrap();
        for (lines, same) in [
            ("2021-01-02,1154.3333333333333333,3\n", true),
            ("2021-01-02,1154.3333,3\n", false),
            ("2021-01-02,1154.3333333333333333,4\n", false),
            ("2021-01-03,1154.3333333333333333,3\n", false),
            ("", false),
        ] {
            let theirs = theirs(lines, Statement::Textbook).unwrap();
            assert_eq!(alike(&ours, &theirs), same, "{lines}");
        }
        let sums = theirs("2021-01-02,3463,3\n", Statement::Sums).unwrap();
        assert!(alike(&ours, &sums));
    }
}
