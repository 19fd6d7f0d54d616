//! The run, as in `report.json`.

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::waivers::Waiver;

/// The version of the schema of `report.json`.
pub const SCHEMA: &str = "1";

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the schema.
    pub schema: String,
    /// `pass` or `fail`: whether any gate fails the run in this profile.
    pub verdict: Verdict,
    /// Empty outside of a repository.
    pub commit: String,
    /// Files that differ from the commit.
    pub changed: Vec<String>,
    /// The profile of the run.
    pub profile: GateProfile,
    /// RFC 3339.
    pub began: String,
    /// The duration.
    pub seconds: f64,
    /// Gates that were not requested.
    pub left_out: Vec<String>,
    /// Warnings that fail no run: waivers that expire soon, or that cover nothing.
    pub warnings: Vec<String>,
    /// The outcome of each gate.
    pub gates: Vec<Outcome>,
    /// The whole ledger.
    pub waivers: Vec<Waiver>,
}

impl Report {
    /// The verdict of the whole run.
    pub fn verdict_of(gates: &[Outcome]) -> Verdict {
        if gates.iter().any(|gate| gate.fatal) {
            Verdict::Fail
        } else {
            Verdict::Pass
        }
    }

    /// How many tests all gates ran.
    pub fn test_count(&self) -> usize {
        self.gates.iter().map(|gate| gate.tests.len()).sum()
    }
}
