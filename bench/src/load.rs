//! One run of wrk against `/rates`: all requests differ, and every response must be 200.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::process::command::{Command, Finished};
use serde::Deserialize;

use super::requests::Requests;
use super::wrk::Wrk;

const SCRIPT: &str = include_str!("rates.lua");

/// A supply of requests, each used in one run only.
#[derive(Debug)]
pub struct Load {
    requests: Requests,
    arguments: Vec<String>,
    script: PathBuf,
    next: u64,
}

/// The load of one run.
#[derive(Debug, Clone, Copy)]
pub struct LoadProfile {
    pub connections: u64,
    pub threads: u64,
    pub seconds: u64,
}

/// The figures of one run.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
}

/// The line that rates.lua prints at the end.
#[derive(Debug, Deserialize)]
struct Summary {
    requests: u64,
    micros: u64,
    p50: u64,
    p99: u64,
    max: u64,
    max_sent: u64,
    not_ok: u64,
    broken: u64,
    how: String,
}

impl Load {
    /// Writes the files that the script reads into `folder`, which must be used for nothing else.
    pub fn new(requests: Requests, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let script = folder.join("rates.lua");
        std::fs::write(&script, SCRIPT)?;
        Ok(Self {
            arguments: requests.write(folder)?,
            requests,
            script,
            next: 0,
        })
    }

    /// All requests. Runs never reach the last ones.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Runs wrk.
    pub fn run(
        &mut self,
        context: &Context,
        wrk: &Wrk,
        base_url: &str,
        profile: LoadProfile,
    ) -> Result<Measured> {
        let LoadProfile {
            connections,
            threads,
            seconds,
        } = profile;
        let command = Command::new(context, &wrk.program).envs(wrk.variables.clone());
        let command = command.args([
            format!("-c{connections}"),
            format!("-t{threads}"),
            format!("-d{seconds}s"),
            "-s".into(),
        ]);
        let command = command
            .args([&self.script])
            .args([base_url, "--"])
            .args(&self.arguments);
        let Finished {
            status,
            stdout,
            stderr,
        } = command
            .args([self.next.to_string(), threads.to_string()])
            .capture()?;
        ensure!(
            status.success(),
            "wrk failed: {} {}",
            stdout.trim(),
            stderr.trim()
        );
        let line = stdout.lines().rev().find(|line| line.starts_with('{'));
        let line =
            line.with_context(|| format!("wrk printed no result: {} {}", stdout.trim(), stderr.trim()))?;
        let summary: Summary = serde_json::from_str(line).context("wrk's result")?;
        self.next += summary.max_sent * threads;
        self.judge(&summary)
    }

    fn judge(&self, summary: &Summary) -> Result<Measured> {
        let Summary {
            requests,
            micros,
            p50,
            p99,
            max,
            not_ok,
            broken,
            ..
        } = *summary;
        if not_ok > 0 || broken > 0 {
            bail!(
                "of {requests} responses {not_ok} were errors (status above 399), and {broken} connections failed: {}",
                summary.how
            );
        }
        ensure!(requests > 0 && micros > 0, "no response at all");
        ensure!(
            self.next <= self.requests.size(),
            "requests repeated: only {} differ",
            self.requests.size()
        );
        ensure!(max >= p99 && p99 >= p50, "wrk's percentiles are not ascending");
        let millis = |micros: u64| micros as f64 / 1_000.0;
        Ok(Measured {
            rate: requests as f64 * 1e6 / micros as f64,
            p50: millis(p50),
            p99: millis(p99),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use demo::Bulk;

    fn judge(line: &str, next: u64) -> Result<Measured> {
        let requests = Requests::of(&Bulk::of(20_000), 31, 31);
        let load = Load {
            requests,
            arguments: Vec::new(),
            script: PathBuf::new(),
            next,
        };
        load.judge(&serde_json::from_str(line).unwrap())
    }

    #[test]
    fn only_a_clean_run_counts() {
        let clean = r#"{"requests":100,"micros":2000000,"p50":500,"p99":1500,"max":9000,"max_sent":60,"not_ok":0,"broken":0,"how":"1 cut off"}"#;
        let measured = judge(clean, 120).unwrap();
        assert!((measured.rate - 50.0).abs() < 1e-9 && (measured.p99 - 1.5).abs() < 1e-9);
        assert!(
            judge(clean, 1_000_000_000)
                .unwrap_err()
                .to_string()
                .contains("requests repeated")
        );
        let error = judge(&clean.replace("\"not_ok\":0", "\"not_ok\":3"), 120)
            .unwrap_err()
            .to_string();
        assert!(error.contains("3 were errors"), "{error}");
        assert!(judge(&clean.replace("\"broken\":0", "\"broken\":1"), 120).is_err());
        assert!(judge(&clean.replace("\"requests\":100", "\"requests\":0"), 120).is_err());
    }
}
