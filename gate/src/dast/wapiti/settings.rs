//! The section `[wapiti]` of `security/gate.toml`.

use serde::Deserialize;

/// Gate `wapiti`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wapiti {
    /// The role of the signed-in browser.
    pub user: String,
    /// The role with an access token.
    pub token: String,
    /// Fewer pages than this are not all of them.
    pub min_pages: u64,
    pub min_pages_signed_in: u64,
    /// Paths that would end the round's session.
    pub excluded: Vec<String>,
}
