//! P3 and E17: latency of `/rates` at a fixed offered load, 60 % of what P1 reached, without and with two hundred parallel logins.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::output::print;

use crate::bench_env::{BenchEnv, Size};
use crate::dataset::{Dataset, Logins};
use crate::figure::Figure;
use crate::login_accounts::ACCOUNTS;
use crate::login_load::LoginLoad;
use crate::memory;
use crate::oha::{Latency, Oha};
use crate::pairs::{Pairs, Side};
use crate::requests::LATENCY;
use crate::uncached::{self, HASH_QUEUE};

/// Of the requests per second that P1 reached.
const SHARE: f64 = 0.6;

/// The default of `PORTCULLIS_HASH_QUEUE` (docs/settings.md).
const DEFAULT_HASH_QUEUE: u64 = 64;

/// Before memory is read.
const QUIET: Duration = Duration::from_secs(2);

/// The offered load, and the requests that it consists of.
struct Offered {
    oha: Oha,
    pattern: String,
    /// Requests per second.
    rate: f64,
    /// Of a round.
    seconds: u64,
}

impl Offered {
    /// Measures P1's rate first, unless P1 was measured.
    fn of(env: &mut BenchEnv<'_>) -> Result<Self> {
        let oha = Oha::find(env.context)?;
        let rate = (uncached::reached(env)? * SHARE).round();
        let seconds = env.seconds;
        let dataset = env.dataset(Size::Large)?;
        print(&format!("      offering {rate} requests/s"));
        Ok(Self {
            oha,
            pattern: dataset.requests(LATENCY).pattern("BASE_URL"),
            rate,
            seconds,
        })
    }

    /// One round. The service's port changes when it is restarted.
    fn run(&self, dataset: &Dataset<'_>) -> Result<Latency> {
        let pattern = self.pattern.replacen("BASE_URL", &dataset.stack.base_url(), 1);
        self.oha.run(dataset.context, &pattern, self.rate, self.seconds)
    }

    fn note(&self, dataset: &Dataset<'_>) -> String {
        format!(
            "{} requests/s offered, {} prices, rounds of {} s",
            self.rate, dataset.prices, self.seconds
        )
    }
}

/// P3: p99 ÷ p50, both of the same rounds.
pub fn tail(env: &mut BenchEnv<'_>, logins: Logins) -> Result<Figure> {
    let (rounds, note) = rounds(env, logins)?;
    let pairs = Pairs::of(rounds.iter().map(|round| (round.p99, round.p50)));
    Ok(pairs.figure("ms", 2, &note))
}

/// P3: p99.9 in milliseconds.
pub fn slowest(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (rounds, note) = rounds(env, Logins::Without)?;
    let slowest: Vec<f64> = rounds.iter().map(|round| round.p999).collect();
    Ok(Figure::of_rounds(&slowest, note))
}

/// The rounds of both rows of P3, which share them; with logins, new ones.
fn rounds(env: &mut BenchEnv<'_>, logins: Logins) -> Result<(Vec<Latency>, String)> {
    let offered = Offered::of(env)?;
    let count = env.rounds;
    let dataset = env.dataset(Size::Large)?;
    if logins == Logins::During {
        dataset.password()?;
        dataset.serve_with_queue(HASH_QUEUE)?;
    } else if dataset.latencies.is_some() {
        let rounds = dataset.latencies.clone().unwrap_or_default();
        return Ok((rounds, offered.note(dataset)));
    }
    let mut rounds = Vec::new();
    // The first one warms up.
    for number in 0..=count {
        let round = match logins {
            Logins::Without => offered.run(dataset)?,
            Logins::During => {
                let mut load = begin(dataset)?;
                load.wait_until_all_are_in_flight(dataset.context)?;
                let round = offered.run(dataset)?;
                load.end()?;
                round
            }
        };
        if number > 0 {
            let Latency { p50, p99, p999 } = round;
            print(&format!(
                "      {number}: p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms"
            ));
            rounds.push(round);
        }
    }
    if logins == Logins::Without {
        dataset.latencies = Some(rounds.clone());
    }
    Ok((rounds, offered.note(dataset)))
}

/// E17: p99 with logins ÷ p99 without. Default settings: most logins are rejected with `Retry-After` and retried.
pub fn tail_growth(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let offered = Offered::of(env)?;
    let (stop, rounds) = (&env.context.stop, env.rounds);
    let dataset = env.dataset(Size::Large)?;
    dataset.password()?;
    dataset.serve_with_queue(DEFAULT_HASH_QUEUE)?;
    let mut last = String::new();
    let pairs = Pairs::measure(stop, rounds, |side| match side {
        Side::Ours => {
            let (round, responses) = beside_logins(&offered, dataset)?;
            last = responses;
            Ok(round.p99)
        }
        Side::Theirs => Ok(offered.run(dataset)?.p99),
    })?;
    let note = format!(
        "with {ACCOUNTS} accounts that log in ÷ without, {}, last round: {last}",
        offered.note(dataset)
    );
    Ok(pairs.figure("ms", 2, &note))
}

/// E17: the most resident megabytes (10^6) with the offered load and logins, beyond the most with the offered load alone.
pub fn memory_growth(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let offered = Offered::of(env)?;
    let (stop, rounds) = (&env.context.stop, env.rounds);
    let dataset = env.dataset(Size::Large)?;
    dataset.password()?;
    // A new process, whose peak is of this measurement.
    dataset.serve_with_queue(DEFAULT_HASH_QUEUE)?;
    let pid = dataset.serving()?.pid();
    let peak = || memory::find_peak(pid).context("this system has no /proc/PID/status");
    for _ in 0..rounds.min(3) {
        offered.run(dataset)?;
    }
    stop.wait_until(QUIET, || Ok(false))?;
    let before = peak()?;
    let mut last = String::new();
    for _ in 0..rounds.min(3) {
        last = beside_logins(&offered, dataset)?.1;
    }
    let most = peak()?;
    let note = format!(
        "from {before:.1} MB to {most:.1} MB, {}, {ACCOUNTS} accounts, last round: {last}",
        offered.note(dataset)
    );
    Ok(Figure::once(most - before, note))
}

/// A round beside logins. Fails if no login was rejected: the queue would not be bounded.
fn beside_logins(offered: &Offered, dataset: &mut Dataset<'_>) -> Result<(Latency, String)> {
    let logins = begin(dataset)?;
    let round = offered.run(dataset)?;
    let responses = logins.end()?;
    ensure!(responses.refused() > 0, "no login was rejected: {responses}");
    Ok((round, responses.to_string()))
}

fn begin(dataset: &mut Dataset<'_>) -> Result<LoginLoad> {
    LoginLoad::begin(&dataset.password()?, dataset.serving()?.port)
}
