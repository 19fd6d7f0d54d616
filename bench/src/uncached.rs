//! P1 and P1b: `/rates` without a repeated request, on sixteen connections, compared with pgbench; P1-logins: the same while two
//! hundred accounts log in.

use anyhow::{Result, ensure};
use harness::output::print;

use crate::bench_env::{BenchEnv, Size};
use crate::dataset::{Dataset, Logins};
use crate::figure::Figure;
use crate::load::LoadProfile;
use crate::login_accounts::ACCOUNTS;
use crate::login_load::LoginLoad;
use crate::pairs::{Pairs, Side};
use crate::pgbench::Pgbench;
use crate::statement::Statement;
use crate::wrk::Wrk;

/// Of wrk, of pgbench, and of every other program that is compared.
pub const CONNECTIONS: u64 = 16;

/// Capacity for all accounts beside the quarter that is reserved for known networks: none is rejected, so that the stated
/// number is in flight.
pub const HASH_QUEUE: u64 = ACCOUNTS * 4 / 3 + 60;

/// Batches lookups, unless it is `off`.
const BATCHING: &str = "PORTCULLIS_DATABASE_BATCHING";

/// P1: requests per second ÷ pgbench's transactions per second with the textbook statement.
pub fn against_textbook(env: &mut BenchEnv<'_>, logins: Logins) -> Result<Figure> {
    let (pairs, note) = against(env, Statement::Textbook, logins)?;
    if logins == Logins::Without {
        env.dataset(Size::Large)?.reached = Some(pairs.ours());
    }
    Ok(pairs.figure("per second", 0, &note))
}

/// P1b: the same ÷ pgbench on the sums, which both sides read.
pub fn against_sums(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (pairs, note) = against(env, Statement::Sums, Logins::Without)?;
    Ok(pairs.figure("per second", 0, &note))
}

/// P1b: the same while each lookup is a statement of its own.
pub fn against_sums_unbatched(env: &mut BenchEnv<'_>) -> Result<Figure> {
    env.dataset(Size::Large)?.serve_with(BATCHING, "off")?;
    let measured = against(env, Statement::Sums, Logins::Without);
    env.dataset(Size::Large)?.serve_with(BATCHING, "on")?;
    let (pairs, note) = measured?;
    Ok(pairs.figure("per second", 0, &note))
}

/// Requests per second that P1 reached, or that a few rounds of ours reach.
pub fn reached(env: &mut BenchEnv<'_>) -> Result<f64> {
    let seconds = env.seconds;
    let (dataset, wrk) = env.tools(Size::Large, &[])?;
    if let Some(reached) = dataset.reached {
        return Ok(reached);
    }
    print("      measuring how many requests per second there can be");
    dataset.run(&wrk, profile(seconds))?;
    let reached = dataset.run(&wrk, profile(3 * seconds))?.rate;
    dataset.reached = Some(reached);
    Ok(reached)
}

fn against(env: &mut BenchEnv<'_>, statement: Statement, logins: Logins) -> Result<(Pairs, String)> {
    let (stop, rounds, seconds) = (&env.context.stop, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Large, &Pgbench::TOOLS)?;
    let (pgbench, script) = dataset.script(statement)?;
    if logins == Logins::During {
        dataset.password()?;
        dataset.serve_with_queue(HASH_QUEUE)?;
    }
    let mut beside = String::new();
    let pairs = Pairs::measure(stop, rounds, |side| match (side, logins) {
        (Side::Theirs, _) => pgbench.measure(&script, CONNECTIONS, seconds),
        (Side::Ours, Logins::Without) => Ok(dataset.run(&wrk, profile(seconds))?.rate),
        (Side::Ours, Logins::During) => {
            let (rate, responses) = beside_logins(dataset, &wrk, seconds)?;
            beside = format!(", beside {ACCOUNTS} logins, last round: {responses}");
            Ok(rate)
        }
    })?;
    let prices = dataset.prices;
    let note = format!("{prices} prices, {CONNECTIONS} connections, rounds of {seconds} s{beside}");
    Ok((pairs, note))
}

/// One round of ours, and a description of the responses to the logins.
fn beside_logins(dataset: &mut Dataset<'_>, wrk: &Wrk<'_>, seconds: u64) -> Result<(f64, String)> {
    let mut load = LoginLoad::begin(&dataset.password()?, dataset.serving()?.port)?;
    load.wait_until_all_are_in_flight(dataset.context)?;
    let rate = dataset.run(wrk, profile(seconds))?.rate;
    let min_in_flight = load.min_in_flight();
    let responses = load.end()?;
    ensure!(
        min_in_flight >= ACCOUNTS * 9 / 10,
        "at one point only {min_in_flight} logins were in flight: {responses}"
    );
    Ok((rate, responses.to_string()))
}

/// The load of a round.
pub fn profile(seconds: u64) -> LoadProfile {
    LoadProfile {
        connections: CONNECTIONS,
        threads: 2,
        seconds,
    }
}
