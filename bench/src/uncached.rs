//! P1 and P3: `/rates` without a repeated request, on sixteen connections, compared with pgbench.

use anyhow::Result;
use harness::output::print;

use super::bench_env::{BenchEnv, LARGE};
use super::load::{LoadProfile, Measured};
use super::medians::{median, span};
use super::outcome::Outcome;
use super::textbook::Textbook;

pub(super) const CONNECTIONS: u64 = 16;
pub(super) const ROUNDS: u64 = 3;

/// Seconds of warm-up for caches and plans.
pub(super) const WARM_UP: u64 = 2;

/// P1: alternates our rounds with pgbench, after both have returned the same for a hundred samples.
pub fn against_textbook(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let (dataset, wrk) = match env.tools(LARGE, &Textbook::TOOLS)? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let textbook = dataset.textbook(context)?;
    let base_url = dataset.stack.base_url();
    dataset.load.run(context, &wrk, &base_url, profile(WARM_UP))?;
    textbook.measure(context, CONNECTIONS, WARM_UP)?;
    let mut theirs = Vec::new();
    for round in 1..=ROUNDS {
        let ours = dataset.load.run(context, &wrk, &base_url, profile(seconds))?;
        let transactions = textbook.measure(context, CONNECTIONS, seconds)?;
        print(&format!(
            "      round {round}: {:.0} requests/s, {transactions:.0} transactions/s",
            ours.rate
        ));
        dataset.rounds.push(ours);
        theirs.push(transactions);
    }
    let ours = || dataset.rounds.iter().map(|round| round.rate);
    // Adjacent rounds are compared, so that a slow phase of the machine affects both.
    let value = median(ours().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    let note = format!(
        "{} requests/s against {} transactions/s, 10,000,000 prices, 16 connections, median of {ROUNDS} rounds of {seconds} s",
        span(ours(), 0),
        span(theirs.iter().copied(), 0)
    );
    Ok(Outcome::Figure { value, note })
}

/// P3: from the rounds of P1, or from new rounds.
pub fn tail(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let Some(wrk) = env.wrk.clone() else {
        return Ok(Outcome::without_wrk());
    };
    let dataset = env.dataset(LARGE)?;
    let base_url = dataset.stack.base_url();
    if dataset.rounds.is_empty() {
        dataset.load.run(context, &wrk, &base_url, profile(WARM_UP))?;
    }
    while (dataset.rounds.len() as u64) < ROUNDS {
        let round = dataset.load.run(context, &wrk, &base_url, profile(seconds))?;
        dataset.rounds.push(round);
    }
    Ok(tail_of(&dataset.rounds))
}

/// The median of p99 ÷ p50.
pub(super) fn tail_of(rounds: &[Measured]) -> Outcome {
    let value = median(rounds.iter().map(|round| round.p99 / round.p50));
    let note = format!(
        "p99 {} ms, p50 {} ms, 10,000,000 prices",
        span(rounds.iter().map(|round| round.p99), 2),
        span(rounds.iter().map(|round| round.p50), 2)
    );
    Outcome::Figure { value, note }
}

pub(super) fn profile(seconds: u64) -> LoadProfile {
    LoadProfile {
        connections: CONNECTIONS,
        threads: 2,
        seconds,
    }
}
