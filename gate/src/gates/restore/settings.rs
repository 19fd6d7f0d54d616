//! The section `[restore]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// Gate `restore`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Restore {
    /// Destroys a database and restores it from a backup. Writes `{report}`: a JSON object with `problems`, a list of texts, and without
    /// problems with figures, among them `rows`.
    pub drill: CommandLine,
    /// The same with a defect of the backup that `{tree}` describes.
    pub canary_drill: CommandLine,
    /// A drill with fewer rows proves too little.
    pub min_rows: u64,
}
