//! The section `[zap]` of `security/gate.toml`.

use serde::Deserialize;

/// Gate `zap`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Zap {
    /// The roles with an access token: one attack on all operations each.
    pub tokens: Vec<String>,
    /// The role of the signed-in browser whose pages are attacked.
    pub browser: String,
    /// Optional parameters that ZAP must not send: it sends every documented one at once.
    pub omitted_parameters: Vec<String>,
    /// Fewer operations with a 2xx response than this: the attack saw rejections alone.
    pub min_answered: u64,
    /// Operations that would end the scan's session.
    pub excluded: Vec<Excluded>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    pub operation: String,
    pub why: String,
}
