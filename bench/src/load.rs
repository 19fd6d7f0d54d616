//! One run of wrk against `/rates`: with requests that all differ, or with one that is repeated. Every response must be 200.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::requests::Requests;
use crate::wrk::Wrk;

/// Makes wrk print what [`Summary`] reads.
const SUMMARY: &str = include_str!("summary.lua");

/// Makes wrk send requests that differ.
const DISTINCT: &str = include_str!("rates.lua");

/// A supply of requests, each used in one run only.
#[derive(Debug)]
pub struct Load {
    /// All requests. Runs never reach the last ones.
    pub requests: Requests,
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
    /// Requests that were answered.
    pub requests: u64,
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
}

/// The line that summary.lua prints at the end.
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
        std::fs::write(&script, [SUMMARY, DISTINCT].concat())?;
        Ok(Self {
            arguments: requests.write(folder)?,
            requests,
            script,
            next: 0,
        })
    }

    /// Runs wrk with requests that were not sent before.
    pub fn run(&mut self, wrk: &Wrk<'_>, base_url: &str, profile: LoadProfile) -> Result<Measured> {
        let threads = profile.threads;
        let numbers = [self.next, threads].map(|number| number.to_string());
        let arguments = self.arguments.iter().cloned().chain(numbers);
        let summary = run(wrk, &self.script, base_url, profile, arguments)?;
        self.next += summary.max_sent * threads;
        let different = self.requests.size;
        ensure!(
            self.next <= different,
            "requests repeated: only {different} differ"
        );
        summary.judge()
    }
}

/// Runs wrk with one request that is repeated, by a script that is written into `folder`.
pub fn repeat(wrk: &Wrk<'_>, folder: &Path, url: &str, profile: LoadProfile) -> Result<Measured> {
    let script = folder.join("summary.lua");
    std::fs::write(&script, SUMMARY).with_context(|| format!("cannot write {}", script.display()))?;
    run(wrk, &script, url, profile, [])?.judge()
}

fn run(
    wrk: &Wrk<'_>,
    script: &Path,
    url: &str,
    profile: LoadProfile,
    arguments: impl IntoIterator<Item = String>,
) -> Result<Summary> {
    let output = wrk
        .command()
        .args([
            format!("-c{}", profile.connections),
            format!("-t{}", profile.threads),
        ])
        .args([format!("-d{}s", profile.seconds)])
        .args(["-s".as_ref(), script.as_os_str()])
        .args([url, "--"])
        .args(arguments)
        .output()?;
    let line = output.lines().rev().find(|line| line.starts_with('{'));
    let line = line.with_context(|| format!("wrk printed no result: {}", output.trim()))?;
    serde_json::from_str(line).context("wrk's result")
}

impl Summary {
    fn judge(&self) -> Result<Measured> {
        let Self {
            requests,
            micros,
            how,
            ..
        } = self;
        if self.not_ok > 0 || self.broken > 0 {
            bail!(
                "of {requests} responses {} were errors (status above 399), and {} connections failed: {how}",
                self.not_ok,
                self.broken,
            );
        }
        ensure!(*requests > 0 && *micros > 0, "no response at all");
        let ascending = self.max >= self.p99 && self.p99 >= self.p50;
        ensure!(ascending, "wrk's percentiles are not ascending");
        Ok(Measured {
            requests: *requests,
            rate: *requests as f64 * 1e6 / *micros as f64,
            p50: self.p50 as f64 / 1_000.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(line: &str) -> Result<Measured> {
        serde_json::from_str::<Summary>(line).unwrap().judge()
    }

    #[test]
    fn only_a_clean_run_counts() {
        let clean = r#"{"requests":100,"micros":2000000,"p50":500,"p99":1500,"max":9000,"max_sent":60,"not_ok":0,"broken":0,"how":"1 cut off"}"#;
        let measured = judge(clean).unwrap();
        assert!((measured.rate - 50.0).abs() < 1e-9 && (measured.p50 - 0.5).abs() < 1e-9);
        for (good, bad, reason) in [
            ("\"not_ok\":0", "\"not_ok\":3", "3 were errors"),
            ("\"broken\":0", "\"broken\":1", "1 connections failed"),
            ("\"requests\":100", "\"requests\":0", "no response"),
            ("\"p50\":500", "\"p50\":1501", "not ascending"),
        ] {
            let error = judge(&clean.replace(good, bad)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
