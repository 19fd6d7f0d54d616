//! Checks that both sides of P1 return the same rates: otherwise the ratio of their speeds means nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use serde::Deserialize;

use super::requests::{Request, Requests};
use super::textbook::Textbook;

const SAMPLES: u64 = 100;

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

/// Sends the last hundred requests of the set, which no run reaches, to both.
pub fn compare(context: &Context, port: u16, textbook: &Textbook, requests: &Requests) -> Result<()> {
    let count = SAMPLES.min(requests.size());
    let samples: Vec<Request> = (requests.size() - count..requests.size())
        .map(|number| requests.nth(number))
        .collect();
    let expected = textbook.answers(context, &samples)?;
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
        let theirs = theirs(expected).with_context(|| target.clone())?;
        days += theirs.len();
        ensure!(
            alike(&ours, &theirs),
            "{target}: the service returns {ours:?}, the textbook statement {theirs:?}"
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
        // Below three prices the service returns no average (B3); this dataset has no such day.
        let price = price.with_context(|| format!("no price on {day}"))?;
        days.insert(day, (price, count));
    }
    Ok(days)
}

fn theirs(lines: &str) -> Result<Days> {
    let mut days = Days::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [day, price, count] = fields.as_slice() else {
            bail!("psql answered `{line}`")
        };
        days.insert((*day).to_owned(), (price.parse()?, count.parse()?));
    }
    Ok(days)
}

/// psql's numeric average has 16 fractional digits, ours is the nearest double.
fn alike(ours: &Days, theirs: &Days) -> bool {
    ours.len() == theirs.len()
        && ours
            .iter()
            .zip(theirs)
            .all(|((our_day, (our_price, our_count)), (day, (price, count)))| {
                our_day == day && our_count == count && (our_price - price).abs() < 1e-9 * price.abs()
            })
}

/// The body of a GET, over HTTP/1.0: not chunked, and delimited by the end of the connection.
fn get(port: u16, target: &str) -> Result<String> {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("the service does not listen")?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "{target}: {status}");
    Ok(body.to_owned())
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
            assert_eq!(alike(&ours, &theirs(lines).unwrap()), same, "{lines}");
        }
    }
}
