//! The load generator oha, which offers a fixed number of requests per second whether responses arrive or not (an open loop), and
//! counts latency from the time at which a request was due.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;

use crate::tool;

/// Enough that a request which is due is sent at once.
const CONNECTIONS: u64 = 64;

/// Of the offered rate, what a run must reach: below, the figures are of another load.
const MIN_REACHED: f64 = 0.95;

/// The program.
#[derive(Debug, Clone)]
pub struct Oha(std::path::PathBuf);

/// Latency in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

/// What it prints; times are in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    requests_per_sec: f64,
}

#[derive(Debug, Deserialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p999: f64,
}

impl Oha {
    /// The pinned version, installed if it is missing; or the error `NotRun`.
    pub fn find(context: &Context) -> Result<Self> {
        Ok(Self(tool::find(context, "oha")?))
    }

    /// Sends requests that match a pattern at this rate for so many seconds.
    pub fn run(&self, context: &Context, pattern: &str, rate: f64, seconds: u64) -> Result<Latency> {
        // A number of requests and no duration: at the end of a duration, requests that are late are not counted.
        let count = rate * seconds as f64;
        let output = Command::new(context, &self.0)
            .args(["--no-tui", "--output-format=json", "--latency-correction"])
            .args(["--disable-compression", "--redirect=0"])
            .args([format!("-c{CONNECTIONS}"), format!("-n{count:.0}")])
            .args([format!("-q{rate:.0}")])
            .args(["--rand-regex-url", pattern])
            .output()?;
        judge(&output, rate)
    }
}

fn judge(output: &str, rate: f64) -> Result<Latency> {
    let printed: Printed = serde_json::from_str(output).context("what oha printed")?;
    let statuses = &printed.status_code_distribution;
    if !printed.error_distribution.is_empty() || statuses.keys().any(|status| status != "200") {
        bail!(
            "not every response was 200: {statuses:?}, {:?}",
            printed.error_distribution
        );
    }
    ensure!(!statuses.is_empty(), "no response at all");
    let reached = printed.summary.requests_per_sec;
    ensure!(
        reached >= rate * MIN_REACHED,
        "only {reached:.0} of {rate:.0} requests per second were sent: generator and service do not reach this load"
    );
    let Percentiles { p50, p99, p999 } = printed.latency_percentiles;
    let [p50, p99, p999] = [p50, p99, p999].map(|seconds| seconds * 1_000.0);
    Ok(Latency { p50, p99, p999 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members that are read, as `schema.json` of oha 1.16.0 defines them.
    const CLEAN: &str = r#"{
        "summary": {"successRate": 1.0, "total": 1.0004, "slowest": 0.0213, "requestsPerSec": 1999.2},
        "latencyPercentiles": {"p10": 0.0004, "p50": 0.0009, "p90": 0.0017, "p99": 0.0031, "p99.9": 0.0125, "p99.99": 0.0213},
        "statusCodeDistribution": {"200": 2000},
        "errorDistribution": {}
    }"#;

    #[test]
    fn latencies_are_read_in_milliseconds_as_oha_prints_them() {
        let Latency { p50, p99, p999 } = judge(include_str!("recorded/oha.json"), 2_000.0).unwrap();
        for (read, expected) in [(p50, 0.161_575), (p99, 4.956_968), (p999, 7.284_832)] {
            assert!((read - expected).abs() < 1e-9, "{read} {expected}");
        }
    }

    #[test]
    fn only_a_clean_run_at_the_offered_rate_counts() {
        for (good, bad, reason) in [
            ("1999.2", "1800.0", "only 1800 of 2000 requests per second"),
            (
                "\"200\": 2000",
                "\"200\": 1999, \"503\": 1",
                "not every response was 200",
            ),
            (
                "Distribution\": {}",
                "Distribution\": {\"aborted due to deadline\": 3}",
                "deadline",
            ),
            ("\"200\": 2000", "", "no response at all"),
            ("\"p99\": 0.0031,", "", "what oha printed"),
        ] {
            let output = CLEAN.replace(good, bad);
            assert_ne!(output, CLEAN, "{good}");
            let error = judge(&output, 2_000.0).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
