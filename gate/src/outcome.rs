//! What came of a gate: the words of the report; decides nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::scan_result::{Database, Figure, Test, Work};

/// One word for a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It looked, and found nothing.
    Pass,
    /// It found only what waivers cover.
    Waived,
    /// It did not look; the reason says why.
    NotRun,
    /// Its silence proves nothing: it missed the planted defect, or looked at too little.
    Untrusted,
    /// It found something, or broke.
    Fail,
}

/// What a gate lacks that did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// The tool.
    Tool,
    /// Files to look at: no profile minds.
    Files,
    /// Data or a server.
    Data,
    /// Another gate that it builds on.
    Earlier,
    /// Somebody stopped the run.
    Time,
}

/// What came of the planted defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Canary {
    /// Every planted defect was found: these.
    Found(Vec<String>),
    /// These were planted and not found, or the run on them broke.
    Missed(Vec<String>),
    /// It could not be planted: what it needs is not to be had. The gate's silence is then "not run".
    NotPlanted(String),
    /// The gate plants none.
    None,
}

/// Which program looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name in the table of tools.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the program's file.
    pub digest: String,
    /// Where it was found: `path`, `cache`, `image`.
    pub source: String,
}

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The gate.
    pub id: String,
    /// What it shows, for people.
    pub title: String,
    /// The word.
    pub verdict: Verdict,
    /// One line that says why.
    pub reason: String,
    /// The planted defect.
    pub canary: Canary,
    /// Set when it did not run.
    pub lack: Option<MissingReason>,
    /// Whether this profile takes the verdict for a failure of the whole run.
    pub fatal: bool,
    /// The tools.
    pub tools: Vec<Identity>,
    /// The proof of work.
    pub work: Vec<Work>,
    /// What it compared with.
    pub databases: Vec<Database>,
    /// What it found, also what is waived.
    pub findings: Vec<Finding>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its tests.
    pub tests: Vec<Test>,
    /// Files of the report that belong to it: paths relative to the report's folder.
    pub files: Vec<String>,
    /// What it could not do, though it ran.
    pub limits: Vec<String>,
    /// When it ran: RFC 3339. Before the run's own start: taken over from a run over the very same inputs.
    pub ran_at: String,
    /// How long it took, in seconds.
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
