//! One run of wrk against `/rates`: all requests differ, and every response must be 200.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::requests::Requests;
use crate::wrk::Wrk;

const SCRIPT: &str = include_str!("rates.lua");

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

    /// Runs wrk.
    pub fn run(&mut self, wrk: &Wrk<'_>, base_url: &str, profile: LoadProfile) -> Result<Measured> {
        let threads = profile.threads;
        let output = wrk
            .command()
            .args([format!("-c{}", profile.connections), format!("-t{threads}")])
            .args([format!("-d{}s", profile.seconds)])
            .args(["-s".as_ref(), self.script.as_os_str()])
            .args([base_url, "--"])
            .args(&self.arguments)
            .args([self.next.to_string(), threads.to_string()])
            .output()?;
        let line = output.lines().rev().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("wrk printed no result: {}", output.trim()))?;
        let summary: Summary = serde_json::from_str(line).context("wrk's result")?;
        self.next += summary.max_sent * threads;
        self.judge(&summary)
    }

    fn judge(&self, summary: &Summary) -> Result<Measured> {
        let requests = summary.requests;
        if summary.not_ok > 0 || summary.broken > 0 {
            bail!(
                "of {requests} responses {} were errors (status above 399), and {} connections failed: {}",
                summary.not_ok,
                summary.broken,
                summary.how
            );
        }
        ensure!(requests > 0 && summary.micros > 0, "no response at all");
        let different = self.requests.size;
        ensure!(
            self.next <= different,
            "requests repeated: only {different} differ"
        );
        let ascending = summary.max >= summary.p99 && summary.p99 >= summary.p50;
        ensure!(ascending, "wrk's percentiles are not ascending");
        Ok(Measured {
            rate: requests as f64 * 1e6 / summary.micros as f64,
            p50: summary.p50 as f64 / 1_000.0,
            p99: summary.p99 as f64 / 1_000.0,
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
        let repeated = judge(clean, 1_000_000_000).unwrap_err().to_string();
        assert!(repeated.contains("requests repeated"), "{repeated}");
        for (good, bad, reason) in [
            ("\"not_ok\":0", "\"not_ok\":3", "3 were errors"),
            ("\"broken\":0", "\"broken\":1", "1 connections failed"),
            ("\"requests\":100", "\"requests\":0", "no response"),
        ] {
            let error = judge(&clean.replace(good, bad), 120).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
