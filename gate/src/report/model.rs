//! What the report says, in the words of `report.json`; reads and writes nothing.

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::waivers::Waiver;

/// The version of the form of `report.json`.
pub const SCHEMA: &str = "1";

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this form.
    pub schema: String,
    /// `pass` or `fail`: whether anything is fatal in this profile.
    pub verdict: Verdict,
    /// The commit, or empty outside of a repository.
    pub commit: String,
    /// Files that differ from the commit.
    pub changed: Vec<String>,
    /// Who ran it.
    pub profile: GateProfile,
    /// RFC 3339.
    pub began: String,
    /// In seconds.
    pub seconds: f64,
    /// Gates that this run was not asked for.
    pub left_out: Vec<String>,
    /// What nobody fails for, and somebody should know: waivers that end soon, or that nothing uses.
    pub warnings: Vec<String>,
    /// One row a gate.
    pub gates: Vec<Outcome>,
    /// The ledger.
    pub waivers: Vec<Waiver>,
}

impl Report {
    /// Whether anything in it is fatal.
    pub fn verdict_of(gates: &[Outcome]) -> Verdict {
        match gates.iter().any(|gate| gate.fatal) {
            true => Verdict::Fail,
            false => Verdict::Pass,
        }
    }
}
