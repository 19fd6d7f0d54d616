//! P1 and P3: `/rates` without a request that was asked before, sixteen connections, beside pgbench.

use anyhow::Result;
use harness::output::print;

use super::lab::{LARGE, Lab};
use super::load::{Force, Measured};
use super::medians::{median, span};
use super::outcome::Outcome;
use super::textbook::Textbook;

pub(super) const CONNECTIONS: u64 = 16;
pub(super) const ROUNDS: u64 = 3;

/// Seconds until caches and plans are as they stay.
pub(super) const WARM_UP: u64 = 2;

/// P1: in turn, ours and pgbench, after both have answered a hundred samples alike.
pub fn against_textbook(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let (prices, wrk) = match lab.tools(LARGE, &Textbook::TOOLS)? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let textbook = prices.textbook(context)?;
    let base_url = prices.stage.base_url();
    prices.cold.run(context, &wrk, &base_url, force(WARM_UP))?;
    textbook.measure(context, CONNECTIONS, WARM_UP)?;
    let mut theirs = Vec::new();
    for round in 1..=ROUNDS {
        let ours = prices.cold.run(context, &wrk, &base_url, force(seconds))?;
        let transactions = textbook.measure(context, CONNECTIONS, seconds)?;
        print(&format!(
            "      round {round}: {:.0} requests/s, {transactions:.0} transactions/s",
            ours.rate
        ));
        prices.rounds.push(ours);
        theirs.push(transactions);
    }
    let ours = || prices.rounds.iter().map(|round| round.rate);
    // Each round is compared with its neighbour, so that a machine that slows down slows both.
    let value = median(ours().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    let note = format!(
        "{} requests/s against {} transactions/s, 10,000,000 prices, 16 connections, median of {ROUNDS} rounds of {seconds} s",
        span(ours(), 0),
        span(theirs.iter().copied(), 0)
    );
    Ok(Outcome::Figure { value, note })
}

/// P3: from the rounds of P1, or from rounds of its own.
pub fn tail(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let Some(wrk) = lab.wrk.clone() else {
        return Ok(Outcome::without_wrk());
    };
    let prices = lab.prices(LARGE)?;
    let base_url = prices.stage.base_url();
    if prices.rounds.is_empty() {
        prices.cold.run(context, &wrk, &base_url, force(WARM_UP))?;
    }
    while (prices.rounds.len() as u64) < ROUNDS {
        let round = prices.cold.run(context, &wrk, &base_url, force(seconds))?;
        prices.rounds.push(round);
    }
    Ok(tail_of(&prices.rounds))
}

/// p99 ÷ p50, the median of some rounds.
pub(super) fn tail_of(rounds: &[Measured]) -> Outcome {
    let value = median(rounds.iter().map(|round| round.p99 / round.p50));
    let note = format!(
        "p99 {} ms, p50 {} ms, 10,000,000 prices",
        span(rounds.iter().map(|round| round.p99), 2),
        span(rounds.iter().map(|round| round.p50), 2)
    );
    Outcome::Figure { value, note }
}

pub(super) fn force(seconds: u64) -> Force {
    Force {
        connections: CONNECTIONS,
        threads: 2,
        seconds,
    }
}
