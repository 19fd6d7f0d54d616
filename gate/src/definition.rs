//! One row of the table of gates: what looks, at what, and what it must find when a defect is planted.

use std::time::Duration;

use crate::config::Config;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;
use crate::shared::Shared;

/// A gate.
pub struct Gate {
    /// Its name: on the command line, in the report.
    pub id: &'static str,
    /// What a pass shows, for people.
    pub title: &'static str,
    /// The tools that it runs, by their names in the table of tools.
    pub tools: &'static [&'static str],
    /// Gates that must not have failed before.
    pub after: &'static [&'static str],
    /// What it takes of the machine.
    pub resources: ResourceClass,
    /// The time limit of each program that it runs.
    pub timeout: Duration,
    /// The first profile that insists on it.
    pub required_from: GateProfile,
    /// Whether a file of the tree matters for it; the ledger and its canary always do.
    pub inputs: fn(&Config, &str) -> bool,
    /// What matters beside files: a database's revision. `None`: it is not known before, so it always runs.
    pub data: fn(&Shared<'_>) -> Option<String>,
    /// Looks.
    pub scan: fn(&ScanContext<'_>) -> ScanOutcome,
    /// The planted defect.
    pub planted: Option<Planted>,
}

/// A defect that the gate must find in the same run with the same settings.
pub struct Planted {
    /// Its folder in the folder of planted defects, copied aside.
    pub folder: &'static str,
    /// Makes what no repository should hold: keys, histories.
    pub prepare: fn(&ScanContext<'_>) -> Result<(), ScanError>,
    /// Rules, or aliases of them, that must be found.
    pub expects: fn(&Config) -> Vec<&str>,
}

/// Every file matters.
pub fn whole_tree(_config: &Config, _path: &str) -> bool {
    true
}

/// Nothing matters but files.
pub fn files_only(_shared: &Shared<'_>) -> Option<String> {
    Some(String::new())
}

/// Nothing more is to be made.
pub fn as_it_is(_job: &ScanContext<'_>) -> Result<(), ScanError> {
    Ok(())
}

/// Minutes.
pub const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}
