//! The section `[commits]` of `security/gate.toml`.

use serde::Deserialize;

/// Messages of commits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Commits {
    /// The last commit that the rules of style do not cover; the form is checked in all.
    pub style_after: Option<String>,
}
