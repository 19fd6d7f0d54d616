//! The outcome of a gate, as the report publishes it; decides nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::scan_result::{Database, Figure, Test, Work};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Scanned, nothing found.
    Pass,
    /// Waivers cover every finding.
    Waived,
    /// Not scanned; the reason says why.
    NotRun,
    /// No findings, which proves nothing: the scan missed the canary, or scanned too little.
    Untrusted,
    /// Findings, or the scan itself failed.
    Fail,
}

/// Why a gate did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// The tool is not installed.
    Tool,
    /// The tree has no file to scan: acceptable in every profile.
    Files,
    /// Data or a server is unavailable.
    Data,
    /// A gate that it builds on did not pass.
    Earlier,
    /// The run was interrupted.
    Time,
}

/// The result of the scan of the planted defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Canary {
    /// Every planted defect was found.
    Found(Vec<String>),
    /// These were not found, or the scan failed.
    Missed(Vec<String>),
    /// What the canary needs is unavailable. Without findings the gate is then "not run".
    NotPlanted(String),
    /// The gate has no canary.
    None,
}

/// The program that scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub name: String,
    pub version: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// `path`, `cache` or `image`.
    pub source: String,
}

/// One gate in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub id: String,
    /// What a pass proves.
    pub title: String,
    pub verdict: Verdict,
    /// One line.
    pub reason: String,
    pub canary: Canary,
    /// Set when the gate did not run.
    #[serde(rename = "lack")]
    pub missing: Option<MissingReason>,
    /// Whether the verdict fails the whole run in this profile.
    pub fatal: bool,
    pub tools: Vec<Identity>,
    pub work: Vec<Work>,
    pub databases: Vec<Database>,
    /// Including those that are waived.
    pub findings: Vec<Finding>,
    pub figures: Vec<Figure>,
    pub tests: Vec<Test>,
    /// Paths relative to the report's folder.
    pub files: Vec<String>,
    /// What the scan did not cover.
    pub limits: Vec<String>,
    /// RFC 3339. Before the start of the run, if the verdict was cached in an earlier run with the same inputs.
    pub ran_at: String,
    pub seconds: f64,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Verdict::Pass => "pass",
            Verdict::Waived => "waived",
            Verdict::NotRun => "not run",
            Verdict::Untrusted => "untrusted",
            Verdict::Fail => "fail",
        })
    }
}
