//! What a gate is: one row of the table of gates.

use std::time::Duration;

use crate::config::Config;
use crate::profile::GateProfile;
use crate::run_state::RunState;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

/// A check of the tree, and a planted defect (a canary) that the same scan must find in the same run.
pub struct Gate {
    /// Its name on the command line and in the report.
    pub id: &'static str,
    /// What a pass proves; published in the report.
    pub title: &'static str,
    /// Names in the table of tools.
    pub tools: &'static [&'static str],
    /// Gates that must pass first.
    pub after: &'static [&'static str],
    pub resources: ResourceClass,
    /// The limit of each program that the scan runs.
    pub timeout: Duration,
    /// The first profile in which the run fails when this gate does not run.
    pub required_from: GateProfile,
    /// Whether a file affects the verdict. The ledger, the configuration and the canary always do.
    pub inputs: fn(&Config, &str) -> bool,
    /// The revision of inputs that are not files, such as a database. `None`: unknown in advance, so the gate always runs.
    pub data: fn(&RunState<'_>) -> Option<String>,
    pub scan: fn(&ScanContext<'_>) -> ScanOutcome,
    /// The folder of the canary, if it is not called like the gate. It is copied before the scan.
    pub canary: Option<&'static str>,
    /// Creates what no repository should hold, such as keys and histories, in the copy of the canary.
    pub prepare: fn(&ScanContext<'_>) -> Result<(), ScanError>,
    /// Rules, or their aliases, that the scan must find in the canary. Empty, here and below: the gate has no canary.
    pub expects: &'static [&'static str],
    /// More of them, from the configuration.
    pub expects_configured: fn(&Config) -> &[String],
}

impl Gate {
    /// The base of every definition, which names at least `id`, `title`, `scan` and `expects`.
    pub const DEFAULT: Gate = Gate {
        id: "",
        title: "",
        tools: &[],
        after: &[],
        resources: ResourceClass::Light,
        timeout: minutes(10),
        required_from: GateProfile::Pipeline,
        inputs: |_, _| true,
        data: |_| Some(String::new()),
        scan: |_| Err(ScanError::ToolFailed("the gate has no scan".to_owned())),
        canary: None,
        prepare: |_| Ok(()),
        expects: &[],
        expects_configured: |_| &[],
    };

    /// What the scan must find in the canary.
    pub fn expected<'c>(&self, config: &'c Config) -> Vec<&'c str> {
        let configured = (self.expects_configured)(config).iter().map(String::as_str);
        self.expects.iter().copied().chain(configured).collect()
    }

    /// The folder of the canary, below the folder of all canaries.
    pub fn canary_folder(&self) -> &'static str {
        self.canary.unwrap_or(self.id)
    }
}

pub const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}
