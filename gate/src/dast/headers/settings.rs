//! The section `[headers]` of `security/gate.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Gate `headers`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Headers {
    /// More arguments of the target's command.
    pub arguments: Vec<String>,
    /// The role that may do everything.
    pub admin: String,
    /// The role of the signed-in browser.
    pub user: String,
    /// Fewer pages and files than this are not all of them.
    pub min_pages: u64,
    /// Statuses of the document that nothing from outside can provoke.
    pub unreachable: Vec<Unreachable>,
    /// Paths to request while the database is stopped.
    pub without_database: Vec<String>,
    pub probes: Vec<Probe>,
    pub versions: Versions,
    pub guess: Guess,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreachable {
    pub status: u16,
    pub why: String,
}

/// A request that provokes a status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// `METHOD PATH`.
    pub request: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
    /// With an access token of this role.
    pub role: Option<String>,
}

/// Resources with an `ETag`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// A public resource.
    pub read: String,
    /// Where to create one that can be updated, and with which body.
    pub create: String,
    pub created: String,
    /// The path of the operation that updates it, and a body.
    pub update: String,
    pub updated: String,
}

/// A wrong password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guess {
    pub path: String,
    pub body: String,
}
