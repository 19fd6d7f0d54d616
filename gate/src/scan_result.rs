//! What a tool saw: what it found, and the proof that it looked; judges nothing.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// How much a tool looked at. Silence counts only above the least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// How many.
    pub count: u64,
    /// Of what: `advisories`, `files`, `operations`.
    pub of: String,
    /// How many there must be at least.
    pub least: u64,
}

/// Data that a tool compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// How fresh it is: RFC 3339, of its newest entry, never of its download.
    pub date: String,
    /// Its commit or digest.
    pub revision: String,
    /// How many entries it has.
    pub entries: u64,
}

/// A ratio, a percentage, a count that the report shows: coverage of a module, a figure of the bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// `%`, `tests`, nothing.
    pub unit: String,
}

/// One test or scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
    /// Its tags: `asvs:v5.0.0-6.2.1`.
    pub tags: Vec<String>,
}

/// What came of a run that worked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScanResult {
    /// What it found.
    pub findings: Vec<Finding>,
    /// What it looked at; each must reach its least.
    pub work: Vec<Work>,
    /// What it compared with.
    pub databases: Vec<Database>,
    /// Figures for the report.
    pub figures: Vec<Figure>,
    /// Tests that ran.
    pub tests: Vec<Test>,
    /// Files for the report, beside what is always kept: an SBOM, a coverage summary.
    pub files: Vec<PathBuf>,
    /// What it could not do, though it ran: rules that need a network.
    pub limits: Vec<String>,
    /// Why its silence says nothing about today: what it compared with is of another time.
    pub outdated: Option<String>,
}

impl ScanResult {
    /// Counts what was looked at.
    pub fn with_work(mut self, count: u64, of: &str, least: u64) -> ScanResult {
        self.work.push(Work {
            count,
            of: of.to_owned(),
            least,
        });
        self
    }
}

/// Why nothing was seen. Only the first three are "not run": what started and did not end well failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanError {
    /// The tool is not there: which, and how it is had.
    ToolMissing(String),
    /// The tree has nothing of its kind.
    NothingToScan(String),
    /// Data or a server that it needs is not to be had.
    DataUnavailable(String),
    /// It broke: nonsense, no report, an error of its own.
    ToolFailed(String),
    /// It did not end in this time.
    TimedOut(Duration),
    /// Somebody stopped us.
    Stopped,
}

/// What a scan comes to.
pub type ScanOutcome = Result<ScanResult, ScanError>;

impl fmt::Display for ScanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScanError::ToolMissing(what)
            | ScanError::NothingToScan(what)
            | ScanError::DataUnavailable(what) => out.write_str(what),
            ScanError::ToolFailed(how) => write!(out, "it broke: {how}"),
            ScanError::TimedOut(limit) => write!(out, "it did not end within {} s", limit.as_secs()),
            ScanError::Stopped => out.write_str("stopped"),
        }
    }
}

impl From<anyhow::Error> for ScanError {
    fn from(error: anyhow::Error) -> ScanError {
        match error.is::<harness::exit::Exit>() {
            true => ScanError::Stopped,
            false => ScanError::ToolFailed(format!("{error:#}")),
        }
    }
}

impl From<std::io::Error> for ScanError {
    fn from(error: std::io::Error) -> ScanError {
        ScanError::ToolFailed(error.to_string())
    }
}
