//! P1 and P3 again, while two hundred people log in: `/rates` must not pay for passwords.

use anyhow::{Result, ensure};
use harness::context::Context;
use harness::output::print;

use super::cold::{CONNECTIONS, ROUNDS, WARM_UP, force, tail_of};
use super::lab::{LARGE, Lab};
use super::logins::{LogIns, Told};
use super::medians::{median, span};
use super::outcome::Outcome;
use super::people::PEOPLE;
use super::prices::Prices;
use super::textbook::Textbook;
use super::wrk::Wrk;

/// Room for all of them: nobody is sent away, so that as many are in flight as we say.
const PLACES: u64 = PEOPLE + 56;

/// P1-logins: in turn, ours while people log in, and pgbench on a machine where nobody does.
pub fn against_textbook(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let (prices, wrk) = match lab.tools(LARGE, &Textbook::TOOLS)? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    let textbook = prices.textbook(context)?;
    prepare(context, prices, &wrk)?;
    textbook.measure(context, CONNECTIONS, WARM_UP)?;
    let (mut theirs, mut last) = (Vec::new(), String::new());
    for round in 1..=ROUNDS {
        let told = crowded_round(context, prices, &wrk, seconds)?;
        let transactions = textbook.measure(context, CONNECTIONS, seconds)?;
        let ours = prices.crowded.last().map_or(0.0, |round| round.rate);
        print(&format!(
            "      round {round}: {ours:.0} requests/s (log-ins: {told}), {transactions:.0} transactions/s"
        ));
        theirs.push(transactions);
        last = told.to_string();
    }
    let ours = || prices.crowded.iter().map(|round| round.rate);
    let value = median(ours().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    let note = format!(
        "{} requests/s against {} transactions/s, 10,000,000 prices, {PEOPLE} log-ins in flight beside ours (last \
         round: {last}), median of {ROUNDS} rounds of {seconds} s",
        span(ours(), 0),
        span(theirs.iter().copied(), 0)
    );
    Ok(Outcome::Figure { value, note })
}

/// P3-logins: from the rounds of P1-logins, or from rounds of its own.
pub fn tail(lab: &mut Lab) -> Result<Outcome> {
    let (context, seconds) = (lab.context, lab.seconds);
    let (prices, wrk) = match lab.tools(LARGE, &["psql"])? {
        Ok(both) => both,
        Err(missing) => return Ok(missing),
    };
    if prices.crowded.is_empty() {
        prepare(context, prices, &wrk)?;
    }
    while (prices.crowded.len() as u64) < ROUNDS {
        crowded_round(context, prices, &wrk, seconds)?;
    }
    Ok(tail_of(&prices.crowded))
}

/// Accounts, room for all, and a warm service.
fn prepare(context: &Context, prices: &mut Prices, wrk: &Wrk) -> Result<()> {
    prices.people(context)?;
    prices.serve_with_queue(context, PLACES)?;
    let base_url = prices.stage.base_url();
    prices.cold.run(context, wrk, &base_url, force(WARM_UP))?;
    Ok(())
}

/// One round of ours; answers what the people were answered.
fn crowded_round(context: &Context, prices: &mut Prices, wrk: &Wrk, seconds: u64) -> Result<Told> {
    let base_url = prices.stage.base_url();
    let log_ins = LogIns::begin(&prices.people(context)?, prices.port()?)?;
    log_ins.wait_until_all_are_in_flight(context)?;
    let round = prices.cold.run(context, wrk, &base_url, force(seconds))?;
    let fewest = log_ins.fewest();
    let told = log_ins.end()?;
    ensure!(
        fewest >= PEOPLE * 9 / 10,
        "at times only {fewest} log-ins were in flight: {told}"
    );
    prices.crowded.push(round);
    Ok(told)
}
