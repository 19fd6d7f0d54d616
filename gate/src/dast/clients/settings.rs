//! The section `[clients]` of `security/gate.toml`.

use serde::Deserialize;

/// Gates `client-python`, `client-typescript` and `client-go`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    /// The programs, with a `/` at the end; each language has a folder in it.
    pub folder: String,
    /// The role whose email and password the programs get.
    pub role: String,
    /// What each program must show: it prints `ok NAME` for each of these.
    pub checks: Vec<String>,
}
