//! What a scan returns: findings and the proof that it scanned enough, or why there is no result.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// How much a tool scanned. A scan without findings counts only if it reached the minimum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub count: u64,
    /// The unit: `advisories`, `files`, `operations`.
    pub of: String,
    #[serde(rename = "least")]
    pub min: u64,
}

/// Data that a tool compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub name: String,
    /// The date of its newest entry, never of its download: RFC 3339.
    pub date: String,
    /// Its commit or digest.
    pub revision: String,
    pub entries: u64,
}

/// A number that the report shows: coverage of a module, a figure of the bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    /// `%`, `tests` or empty.
    pub unit: String,
}

impl Figure {
    /// A number without a unit.
    pub fn count(name: impl Into<String>, value: u64) -> Figure {
        Figure {
            name: name.into(),
            value: value as f64,
            unit: String::new(),
        }
    }
}

/// One test or scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
    /// Such as `asvs:v5.0.0-6.2.1`.
    pub tags: Vec<String>,
}

/// The result of a scan that worked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScanResult {
    pub findings: Vec<Finding>,
    /// Each must reach its minimum; the first one is the reason of a pass.
    pub work: Vec<Work>,
    pub databases: Vec<Database>,
    pub figures: Vec<Figure>,
    pub tests: Vec<Test>,
    /// Files for the report beside the output that is always stored: an SBOM, a coverage summary.
    pub files: Vec<PathBuf>,
    /// What the scan did not cover, such as rules that need a network.
    pub limits: Vec<String>,
    /// Why the absence of open findings proves nothing: the database is too old, or a part could not be scanned.
    pub inconclusive: Option<String>,
}

impl ScanResult {
    pub fn of(findings: impl IntoIterator<Item = Finding>) -> ScanResult {
        ScanResult {
            findings: findings.into_iter().collect(),
            ..ScanResult::default()
        }
    }

    pub fn with_work(mut self, count: u64, of: &str, min: u64) -> ScanResult {
        let of = of.to_owned();
        self.work.push(Work { count, of, min });
        self
    }

    pub fn with_limits(mut self, limits: impl IntoIterator<Item = String>) -> ScanResult {
        self.limits.extend(limits);
        self
    }
}

/// Why a scan has no result. The first three mean "not run": a tool that started and did not end well has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanError {
    /// The tool is not installed: its name, and how to get it.
    ToolMissing(String),
    /// The tree has no file of the kind.
    NothingToScan(String),
    /// Data or a server that the scan needs is unavailable.
    DataUnavailable(String),
    /// Malformed output, no report, or an error of the tool's own.
    ToolFailed(String),
    TimedOut(Duration),
    /// The run was interrupted.
    Stopped,
}

/// Reads a tool's JSON; `what` says what it is.
pub fn parse_json<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, ScanError> {
    serde_json::from_str(json).map_err(|error| ScanError::ToolFailed(format!("no {what} ({error})")))
}

pub type ScanOutcome = Result<ScanResult, ScanError>;

/// In tests of readers: malformed output must not count as a scan without findings.
#[cfg(test)]
pub fn assert_tool_failed<T: fmt::Debug>(result: &Result<T, ScanError>) {
    assert!(matches!(result, Err(ScanError::ToolFailed(_))), "{result:?}");
}

impl fmt::Display for ScanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScanError::ToolMissing(what)
            | ScanError::NothingToScan(what)
            | ScanError::DataUnavailable(what) => out.write_str(what),
            ScanError::ToolFailed(how) => write!(out, "the scan failed: {how}"),
            ScanError::TimedOut(limit) => write!(out, "the scan did not end within {} s", limit.as_secs()),
            ScanError::Stopped => out.write_str("stopped"),
        }
    }
}

impl From<anyhow::Error> for ScanError {
    fn from(error: anyhow::Error) -> ScanError {
        if error.is::<harness::exit::Exit>() {
            ScanError::Stopped
        } else {
            ScanError::ToolFailed(format!("{error:#}"))
        }
    }
}

impl From<std::io::Error> for ScanError {
    fn from(error: std::io::Error) -> ScanError {
        ScanError::ToolFailed(error.to_string())
    }
}
