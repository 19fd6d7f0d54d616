//! The section `[migrations]` of `security/gate.toml`.

use serde::Deserialize;

/// Steps of migrations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Migrations {
    /// A folder for each step, with its `up.sql`.
    pub folder: String,
    /// The oldest supported major version of PostgreSQL.
    pub postgres: u32,
    /// The last step that ran in a database which exists.
    pub applied_through: String,
    /// SHA-256 of the steps up to it, each as its path and its content.
    pub applied_digest: String,
}
