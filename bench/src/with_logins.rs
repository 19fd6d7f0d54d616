//! P1-logins and P3-logins: P1 and P3 while two hundred accounts log in.

use anyhow::{Result, ensure};
use harness::context::Context;
use harness::output::print;

use super::bench_env::{BenchEnv, LARGE};
use super::dataset::Dataset;
use super::login_accounts::ACCOUNTS;
use super::login_load::{LoginLoad, LoginResponses};
use super::medians::{median, span};
use super::outcome::Outcome;
use super::textbook::Textbook;
use super::uncached::{CONNECTIONS, ROUNDS, WARM_UP, profile, tail_of};
use super::wrk::Wrk;

/// Capacity for all of them: none is rejected, so that the stated number is in flight.
const HASH_QUEUE: u64 = ACCOUNTS + 56;

/// P1-logins: alternates our rounds during log-ins with pgbench without log-ins.
pub fn against_textbook(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let (dataset, wrk) = match env.tools(LARGE, &Textbook::TOOLS)? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let textbook = dataset.textbook(context)?;
    prepare(context, dataset, &wrk)?;
    textbook.measure(context, CONNECTIONS, WARM_UP)?;
    let (mut theirs, mut last) = (Vec::new(), String::new());
    for round in 1..=ROUNDS {
        let responses = round_with_logins(context, dataset, &wrk, seconds)?;
        let transactions = textbook.measure(context, CONNECTIONS, seconds)?;
        let ours = dataset.rounds_with_logins.last().map_or(0.0, |round| round.rate);
        print(&format!(
            "      round {round}: {ours:.0} requests/s (log-ins: {responses}), {transactions:.0} transactions/s"
        ));
        theirs.push(transactions);
        last = responses.to_string();
    }
    let ours = || dataset.rounds_with_logins.iter().map(|round| round.rate);
    let value = median(ours().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    let note = format!(
        "{} requests/s against {} transactions/s, 10,000,000 prices, {ACCOUNTS} log-ins in flight beside ours (last \
         round: {last}), median of {ROUNDS} rounds of {seconds} s",
        span(ours(), 0),
        span(theirs.iter().copied(), 0)
    );
    Ok(Outcome::Figure { value, note })
}

/// P3-logins: from the rounds of P1-logins, or from new rounds.
pub fn tail(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let (dataset, wrk) = match env.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    if dataset.rounds_with_logins.is_empty() {
        prepare(context, dataset, &wrk)?;
    }
    while (dataset.rounds_with_logins.len() as u64) < ROUNDS {
        round_with_logins(context, dataset, &wrk, seconds)?;
    }
    Ok(tail_of(&dataset.rounds_with_logins))
}

/// Creates the accounts, sets the queue capacity and warms the service up.
fn prepare(context: &Context, dataset: &mut Dataset, wrk: &Wrk) -> Result<()> {
    dataset.login_accounts(context)?;
    dataset.serve_with_queue(context, HASH_QUEUE)?;
    let base_url = dataset.stack.base_url();
    dataset.load.run(context, wrk, &base_url, profile(WARM_UP))?;
    Ok(())
}

/// One round of ours; returns the responses to the log-ins.
fn round_with_logins(
    context: &Context,
    dataset: &mut Dataset,
    wrk: &Wrk,
    seconds: u64,
) -> Result<LoginResponses> {
    let base_url = dataset.stack.base_url();
    let logins = LoginLoad::begin(&dataset.login_accounts(context)?, dataset.port()?)?;
    logins.wait_until_all_are_in_flight(context)?;
    let round = dataset.load.run(context, wrk, &base_url, profile(seconds))?;
    let min_in_flight = logins.min_in_flight();
    let responses = logins.end()?;
    ensure!(
        min_in_flight >= ACCOUNTS * 9 / 10,
        "at one point only {min_in_flight} log-ins were in flight: {responses}"
    );
    dataset.rounds_with_logins.push(round);
    Ok(responses)
}
