//! The section `[terraform]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// Gates of Terraform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Terraform {
    /// Starts a provider that knows only the schema file `{schema}`. It prints Terraform's environment as a JSON object on one line,
    /// and ends when its standard input is closed.
    pub provider: CommandLine,
    /// Tests the policies in `{policies}`, judges the plans that follow as arguments, and prints JSON (`gates/terraform/policies.rs`).
    pub policies: CommandLine,
}
