//! E17: what two hundred parallel log-ins do to the service's memory and to `/rates`, with the settings as they are: most
//! are sent away and come again when they were told to.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::output::print;

use super::cold::{ROUNDS, WARM_UP, force};
use super::lab::{LARGE, Lab};
use super::load::Load;
use super::logins::{LogIns, Told};
use super::medians::{median, span};
use super::memory;
use super::outcome::Outcome;
use super::people::PEOPLE;
use super::prices::Prices;
use super::requests::Requests;

/// What `HASH_QUEUE` is unless it is set (docs/settings.md).
const PLACES: u64 = 64;

/// Days of a request: none of P1's length, so that nothing is asked twice.
const DAYS: u32 = 30;

const QUIET: Duration = Duration::from_secs(2);

/// Megabytes (10^6): the most while people log in, less what it was before.
pub fn memory_growth(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let (prices, wrk) = match lab.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let people = prices.people(context)?;
    prices.serve_with_queue(context, PLACES)?;
    let base_url = prices.stage.base_url();
    prices.cold.run(context, &wrk, &base_url, force(WARM_UP))?;
    context.stop.wait_until(QUIET, || Ok(false))?;
    let pid = prices.stage.serving().context("the service was stopped")?.pid();
    let Some(before) = memory::resident(pid) else {
        return Ok(Outcome::without_proc());
    };
    let log_ins = LogIns::begin(&people, prices.port()?)?;
    let mut most = before;
    context.stop.wait_until(Duration::from_secs(seconds), || {
        most = most.max(memory::resident(pid).context("the service ended")?);
        Ok(false)
    })?;
    let told = ended(log_ins.end()?)?;
    let note =
        format!("{before:.1} MB before, {most:.1} MB at the most; {PEOPLE} log-ins for {seconds} s: {told}");
    Ok(Outcome::Figure {
        value: most - before,
        note,
    })
}

/// In turn, alone and while people log in.
pub fn tail_growth(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let (prices, wrk) = match lab.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let mut load = requests(context, prices)?;
    let base_url = prices.stage.base_url();
    load.run(context, &wrk, &base_url, force(WARM_UP))?;
    let (mut alone, mut crowded, mut last) = (Vec::new(), Vec::new(), String::new());
    for round in 1..=ROUNDS {
        let without = load.run(context, &wrk, &base_url, force(seconds))?.p99;
        let log_ins = LogIns::begin(&prices.people(context)?, prices.port()?)?;
        let with = load.run(context, &wrk, &base_url, force(seconds))?.p99;
        last = ended(log_ins.end()?)?.to_string();
        print(&format!(
            "      round {round}: p99 {with:.2} ms with log-ins ({last}), {without:.2} ms without"
        ));
        alone.push(without);
        crowded.push(with);
    }
    let value = median(crowded.iter().zip(&alone).map(|(with, without)| with / without));
    let note = format!(
        "p99 {} ms against {} ms, 16 connections, 10,000,000 prices, {PEOPLE} people (last round: {last}), median of \
         {ROUNDS} rounds of {seconds} s",
        span(crowded, 2),
        span(alone, 2)
    );
    Ok(Outcome::Figure { value, note })
}

fn requests(context: &Context, prices: &mut Prices) -> Result<Load> {
    prices.people(context)?;
    prices.serve_with_queue(context, PLACES)?;
    Load::new(
        Requests::of(&prices.bulk, DAYS, DAYS),
        &prices.folder.0.join("hashing"),
    )
}

/// There is not room for all of them: were nobody sent away, the queue would have no end.
fn ended(told: Told) -> Result<Told> {
    ensure!(told.refused() > 0, "nobody was sent away: {told}");
    Ok(told)
}
