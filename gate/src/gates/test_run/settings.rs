//! The section `[tests]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// Tests and scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tests {
    /// Runs all of them and leaves a record (`harness::test_results::record`).
    pub command: CommandLine,
    pub min_tests: u64,
    pub min_scenarios: u64,
    /// Runs the scenarios in `{tree}` where no service listens, and reports them in the file `{report}`.
    pub canary_scenarios: CommandLine,
}
