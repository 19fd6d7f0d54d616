//! The section `[target]` of `security/gate.toml`.

use serde::Deserialize;

use crate::command_line::CommandLine;

/// The running service that dynamic scans attack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    /// Starts it for the gate `{gate}`; README.md describes the protocol.
    pub command: CommandLine,
    /// Files that change what a scan finds begin so; `Cargo.lock` and the workspace's manifest always do.
    pub inputs: Vec<String>,
    /// Where it serves its OpenAPI document.
    pub openapi: String,
    /// Answers 200 to a valid access token.
    pub own_account: String,
    pub pages: Pages,
}

/// The service's pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pages {
    /// A form with the fields `email` and `password`.
    pub sign_in: String,
    /// A form without fields.
    pub sign_out: String,
    /// Answers 200 to a signed-in browser.
    pub own_account: String,
    /// Beginnings of paths that differ by user.
    pub private: Vec<String>,
    /// The hidden field of every form.
    pub csrf_field: String,
}
