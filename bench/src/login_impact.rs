//! E17: the impact of two hundred parallel log-ins on memory and on `/rates`, with default settings: most are rejected
//! with `Retry-After` and retried.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::output::print;

use super::bench_env::{BenchEnv, LARGE};
use super::dataset::Dataset;
use super::load::Load;
use super::login_accounts::ACCOUNTS;
use super::login_load::{LoginLoad, LoginResponses};
use super::medians::{median, span};
use super::memory;
use super::outcome::Outcome;
use super::requests::Requests;
use super::uncached::{ROUNDS, WARM_UP, profile};

/// The default of `PORTCULLIS_HASH_QUEUE` (docs/settings.md).
const HASH_QUEUE: u64 = 64;

/// Days in a request: not P1's length, so that no request repeats.
const DAYS: u32 = 30;

const QUIET: Duration = Duration::from_secs(2);

/// Peak memory during log-ins minus memory before, in megabytes (10^6).
pub fn memory_growth(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let (dataset, wrk) = match env.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let accounts = dataset.login_accounts(context)?;
    dataset.serve_with_queue(context, HASH_QUEUE)?;
    let base_url = dataset.stack.base_url();
    dataset.load.run(context, &wrk, &base_url, profile(WARM_UP))?;
    context.stop.wait_until(QUIET, || Ok(false))?;
    let pid = dataset.stack.serving().context("the service was stopped")?.pid();
    let Some(before) = memory::resident(pid) else {
        return Ok(Outcome::without_proc());
    };
    let logins = LoginLoad::begin(&accounts, dataset.port()?)?;
    let mut peak = before;
    context.stop.wait_until(Duration::from_secs(seconds), || {
        peak = peak.max(memory::resident(pid).context("the service ended")?);
        Ok(false)
    })?;
    let responses = ended(logins.end()?)?;
    let note = format!(
        "{before:.1} MB before, {peak:.1} MB at the peak; {ACCOUNTS} log-ins for {seconds} s: {responses}"
    );
    Ok(Outcome::Figure {
        value: peak - before,
        note,
    })
}

/// Alternates rounds without and with log-ins.
pub fn tail_growth(env: &mut BenchEnv) -> Result<Outcome> {
    let (context, seconds) = (env.context, env.seconds);
    let (dataset, wrk) = match env.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let mut load = requests(context, dataset)?;
    let base_url = dataset.stack.base_url();
    load.run(context, &wrk, &base_url, profile(WARM_UP))?;
    let (mut alone, mut crowded, mut last) = (Vec::new(), Vec::new(), String::new());
    for round in 1..=ROUNDS {
        let without = load.run(context, &wrk, &base_url, profile(seconds))?.p99;
        let logins = LoginLoad::begin(&dataset.login_accounts(context)?, dataset.port()?)?;
        let with = load.run(context, &wrk, &base_url, profile(seconds))?.p99;
        last = ended(logins.end()?)?.to_string();
        print(&format!(
            "      round {round}: p99 {with:.2} ms with log-ins ({last}), {without:.2} ms without"
        ));
        alone.push(without);
        crowded.push(with);
    }
    let value = median(crowded.iter().zip(&alone).map(|(with, without)| with / without));
    let note = format!(
        "p99 {} ms against {} ms, 16 connections, 10,000,000 prices, {ACCOUNTS} accounts (last round: {last}), median of \
         {ROUNDS} rounds of {seconds} s",
        span(crowded, 2),
        span(alone, 2)
    );
    Ok(Outcome::Figure { value, note })
}

fn requests(context: &Context, dataset: &mut Dataset) -> Result<Load> {
    dataset.login_accounts(context)?;
    dataset.serve_with_queue(context, HASH_QUEUE)?;
    Load::new(
        Requests::of(&dataset.bulk, DAYS, DAYS),
        &dataset.folder.0.join("hashing"),
    )
}

/// The queue is smaller than the number of accounts: without a rejection it would be unbounded.
fn ended(responses: LoginResponses) -> Result<LoginResponses> {
    ensure!(responses.refused() > 0, "no log-in was rejected: {responses}");
    Ok(responses)
}
