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
pub struct Seen {
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

impl Seen {
    /// Counts what was looked at.
    #[must_use]
    pub fn looked_at(mut self, count: u64, of: &str, least: u64) -> Seen {
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
pub enum Trouble {
    /// The tool is not there: which, and how it is had.
    NoTool(String),
    /// The tree has nothing of its kind.
    NoFiles(String),
    /// Data or a server that it needs is not to be had.
    NoData(String),
    /// It broke: nonsense, no report, an error of its own.
    Broke(String),
    /// It did not end in this time.
    Late(Duration),
    /// Somebody stopped us.
    Stopped,
}

/// What a scan comes to.
pub type Look = Result<Seen, Trouble>;

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoTool(what) | Trouble::NoFiles(what) | Trouble::NoData(what) => out.write_str(what),
            Trouble::Broke(how) => write!(out, "it broke: {how}"),
            Trouble::Late(limit) => write!(out, "it did not end within {} s", limit.as_secs()),
            Trouble::Stopped => out.write_str("stopped"),
        }
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        match error.is::<harness::exit::Exit>() {
            true => Trouble::Stopped,
            false => Trouble::Broke(format!("{error:#}")),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::Broke(error.to_string())
    }
}
