//! The section `[coverage]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// Coverage of the program by tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Coverage {
    /// The program's sources.
    pub folder: String,
    pub min_percent: f64,
    pub min_modules: u64,
    pub min_tests: u64,
    /// For `cargo test`: which tests.
    pub arguments: Vec<String>,
    /// Modules without a line that runs.
    pub never_run: Vec<String>,
    /// Prints the tests' environment as a JSON object on one line, and ends when its standard input is closed.
    pub environment: CommandLine,
}
