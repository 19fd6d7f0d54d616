//! P1 and P3: `/rates` without a repeated request, on sixteen connections, compared with pgbench; P1-logins and P3-logins:
//! the same while two hundred accounts log in.

use anyhow::{Result, ensure};
use harness::output::print;

use crate::bench_env::{BenchEnv, LARGE};
use crate::dataset::{Dataset, Logins};
use crate::figure::{Figure, median_ratio, span};
use crate::load::{LoadProfile, Measured};
use crate::login_accounts::ACCOUNTS;
use crate::login_load::LoginLoad;
use crate::textbook::Textbook;
use crate::wrk::Wrk;

pub(super) const CONNECTIONS: u64 = 16;
pub(super) const ROUNDS: usize = 3;

/// Seconds of warm-up for caches and plans.
pub(super) const WARM_UP: u64 = 2;

/// Capacity for all accounts beside the quarter that is reserved for known networks: none is rejected, so that the stated
/// number is in flight.
const HASH_QUEUE: u64 = ACCOUNTS * 4 / 3 + 60;

/// P1: alternates our rounds with pgbench, after both have returned the same for a hundred samples.
pub fn against_textbook(env: &mut BenchEnv<'_>, logins: Logins) -> Result<Figure> {
    let seconds = env.seconds;
    let (dataset, wrk) = env.tools(LARGE, &Textbook::TOOLS)?;
    let textbook = dataset.textbook()?;
    prepare(dataset, &wrk, logins)?;
    textbook.measure(CONNECTIONS, WARM_UP)?;
    let (mut theirs, mut beside) = (Vec::new(), String::new());
    for number in 1..=ROUNDS {
        let (ours, responses) = measure_round(dataset, &wrk, seconds, logins)?;
        let transactions = textbook.measure(CONNECTIONS, seconds)?;
        print(&format!(
            "      round {number}: {:.0} requests/s{responses}, {transactions:.0} transactions/s",
            ours.rate
        ));
        theirs.push(transactions);
        beside = responses;
    }
    let ours: Vec<f64> = dataset.rounds(logins).iter().map(|round| round.rate).collect();
    let note = format!(
        "{} requests/s against {} transactions/s, 10,000,000 prices, 16 connections, median of {ROUNDS} rounds of \
         {seconds} s{beside}",
        span(&ours, 0),
        span(&theirs, 0)
    );
    let value = median_ratio(&ours, &theirs);
    Ok(Figure { value, note })
}

/// P3: the median of p99 ÷ p50, from the rounds of P1, or from new rounds.
pub fn tail(env: &mut BenchEnv<'_>, logins: Logins) -> Result<Figure> {
    let seconds = env.seconds;
    let tools: &[&str] = if logins == Logins::During { &["psql"] } else { &[] };
    let (dataset, wrk) = env.tools(LARGE, tools)?;
    if dataset.rounds(logins).is_empty() {
        prepare(dataset, &wrk, logins)?;
    }
    while dataset.rounds(logins).len() < ROUNDS {
        measure_round(dataset, &wrk, seconds, logins)?;
    }
    let rounds = dataset.rounds(logins).iter();
    let (p99, p50): (Vec<f64>, Vec<f64>) = rounds.map(|round| (round.p99, round.p50)).unzip();
    let (slow, typical) = (span(&p99, 2), span(&p50, 2));
    Ok(Figure {
        value: median_ratio(&p99, &p50),
        note: format!("p99 {slow} ms, p50 {typical} ms, 10,000,000 prices"),
    })
}

/// Warms the service up; with logins, creates the accounts and sets the queue capacity first.
fn prepare(dataset: &mut Dataset<'_>, wrk: &Wrk<'_>, logins: Logins) -> Result<()> {
    if logins == Logins::During {
        dataset.password()?;
        dataset.serve_with_queue(HASH_QUEUE)?;
    }
    dataset.run(wrk, profile(WARM_UP))?;
    Ok(())
}

/// One round of ours, which is also added to those of the dataset, and a description of the responses to the logins.
fn measure_round(
    dataset: &mut Dataset<'_>,
    wrk: &Wrk<'_>,
    seconds: u64,
    logins: Logins,
) -> Result<(Measured, String)> {
    let (round, responses) = if logins == Logins::During {
        let mut load = LoginLoad::begin(&dataset.password()?, dataset.serving()?.port)?;
        load.wait_until_all_are_in_flight(dataset.context)?;
        let round = dataset.run(wrk, profile(seconds))?;
        let min_in_flight = load.min_in_flight();
        let responses = load.end()?;
        ensure!(
            min_in_flight >= ACCOUNTS * 9 / 10,
            "at one point only {min_in_flight} logins were in flight: {responses}"
        );
        (round, format!(" (beside {ACCOUNTS} logins: {responses})"))
    } else {
        (dataset.run(wrk, profile(seconds))?, String::new())
    };
    dataset.rounds(logins).push(round);
    Ok((round, responses))
}

pub(super) fn profile(seconds: u64) -> LoadProfile {
    LoadProfile {
        connections: CONNECTIONS,
        threads: 2,
        seconds,
    }
}
