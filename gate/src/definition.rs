//! One row of the table of gates: what looks, at what, and what it must find when a defect is planted.

use std::time::Duration;

use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Trouble};
use crate::scheduler::Takes;
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
    pub takes: Takes,
    /// The time limit of each program that it runs.
    pub limit: Duration,
    /// The first profile that insists on it.
    pub needed: Profile,
    /// Whether a file of the tree matters for it; the ledger and its canary always do.
    pub inputs: fn(&str) -> bool,
    /// What matters beside files: a database's revision. `None`: it is not known before, so it always runs.
    pub data: fn(&Shared<'_>) -> Option<String>,
    /// Looks.
    pub look: fn(&Job<'_>) -> Look,
    /// The planted defect.
    pub planted: Option<Planted>,
}

/// A defect that the gate must find in the same run with the same settings.
pub struct Planted {
    /// Its folder in `gate/canaries/`, copied aside.
    pub folder: &'static str,
    /// Makes what no repository should hold: keys, histories.
    pub prepare: fn(&Job<'_>) -> Result<(), Trouble>,
    /// Rules, or aliases of them, that must be found.
    pub expects: &'static [&'static str],
}

/// Every file matters.
#[must_use]
pub fn whole_tree(_path: &str) -> bool {
    true
}

/// Nothing matters but files.
#[must_use]
pub fn files_only(_shared: &Shared<'_>) -> Option<String> {
    Some(String::new())
}

/// Nothing more is to be made.
///
/// # Errors
/// None.
pub fn as_it_is(_job: &Job<'_>) -> Result<(), Trouble> {
    Ok(())
}

/// Minutes.
#[must_use]
pub const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}
