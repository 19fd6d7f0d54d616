//! The section `[rules]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// The repository's own rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// Checks `{tree}`: prints `path:line: rule: what` for each violation, then a line with the counts.
    pub command: CommandLine,
    /// The rules that the planted tree violates: all of them.
    pub canary_violations: Vec<String>,
}
