//! The section `[kubernetes]` of `security/gate.toml`.

use serde::Deserialize;

/// Gate `kubernetes`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kubernetes {
    /// Versions of the API whose schemas must match: the oldest and the newest that are supported.
    pub versions: Vec<String>,
    /// Registries that images may come from.
    pub registries: Vec<String>,
}
