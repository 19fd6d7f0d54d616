//! E17: the impact of two hundred parallel logins on memory and on `/rates`, with default settings: most are rejected
//! with `Retry-After` and retried.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::output::print;

use crate::bench_env::{BenchEnv, LARGE};
use crate::dataset::Dataset;
use crate::figure::{Figure, median_ratio, span};
use crate::login_accounts::ACCOUNTS;
use crate::login_load::{LoginLoad, LoginResponses};
use crate::memory;
use crate::uncached::{ROUNDS, WARM_UP, profile};

/// The default of `PORTCULLIS_HASH_QUEUE` (docs/settings.md).
const HASH_QUEUE: u64 = 64;

/// Days in a request: not P1's length, so that no request repeats.
const DAYS: u32 = 30;

const QUIET: Duration = Duration::from_secs(2);

/// Peak memory during logins minus memory before, in megabytes (10^6).
pub fn memory_growth(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, seconds) = (&env.context.stop, env.seconds);
    let (dataset, wrk) = env.tools(LARGE, &["psql"])?;
    dataset.password()?;
    dataset.serve_with_queue(HASH_QUEUE)?;
    dataset.run(&wrk, profile(WARM_UP))?;
    stop.wait_until(QUIET, || Ok(false))?;
    let pid = dataset.serving()?.pid();
    let before = memory::resident(pid)?;
    let logins = begin(dataset)?;
    let mut peak = before;
    stop.wait_until(Duration::from_secs(seconds), || {
        peak = peak.max(memory::find_resident(pid).context("the service ended")?);
        Ok(false)
    })?;
    let responses = end(logins)?;
    Ok(Figure {
        value: peak - before,
        note: format!(
            "{before:.1} MB before, {peak:.1} MB at the peak; {ACCOUNTS} logins for {seconds} s: {responses}"
        ),
    })
}

/// Alternates rounds without and with logins.
pub fn tail_growth(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let seconds = env.seconds;
    let (dataset, wrk) = env.tools(LARGE, &["psql"])?;
    dataset.password()?;
    dataset.serve_with_queue(HASH_QUEUE)?;
    let mut load = dataset.load_of("hashing", DAYS, DAYS)?;
    let base_url = dataset.stack.base_url();
    let mut p99 = |seconds| anyhow::Ok(load.run(&wrk, &base_url, profile(seconds))?.p99);
    p99(WARM_UP)?;
    let (mut alone, mut beside, mut last) = (Vec::new(), Vec::new(), String::new());
    for round in 1..=ROUNDS {
        let without = p99(seconds)?;
        let logins = begin(dataset)?;
        let with = p99(seconds)?;
        last = end(logins)?.to_string();
        print(&format!(
            "      round {round}: p99 {with:.2} ms with logins ({last}), {without:.2} ms without"
        ));
        alone.push(without);
        beside.push(with);
    }
    let note = format!(
        "p99 {} ms against {} ms, 16 connections, 10,000,000 prices, {ACCOUNTS} accounts (last round: {last}), median of \
         {ROUNDS} rounds of {seconds} s",
        span(&beside, 2),
        span(&alone, 2)
    );
    let value = median_ratio(&beside, &alone);
    Ok(Figure { value, note })
}

fn begin(dataset: &mut Dataset<'_>) -> Result<LoginLoad> {
    LoginLoad::begin(&dataset.password()?, dataset.serving()?.port)
}

/// Fails if no login was rejected: the queue would not be bounded.
fn end(logins: LoginLoad) -> Result<LoginResponses> {
    let responses = logins.end()?;
    ensure!(responses.refused() > 0, "no login was rejected: {responses}");
    Ok(responses)
}
