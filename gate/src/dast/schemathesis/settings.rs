//! The section `[schemathesis]` of `security/gate.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Gate `schemathesis`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schemathesis {
    /// Its configuration file.
    pub settings: String,
    /// Variables of that file, each with the line that makes the target create its value.
    pub values: BTreeMap<String, String>,
    /// One run a role, over every operation but the final ones.
    pub runs: Vec<Run>,
    /// Operations that each have a run of their own, because they end the session that they are sent with.
    #[serde(rename = "final")]
    pub last: Vec<Last>,
    /// Operations that accept no generated request, and why.
    pub rejecting: Vec<Rejecting>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub role: String,
    /// How many requests an operation.
    pub examples: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    pub operation: String,
    pub role: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejecting {
    pub operation: String,
    pub needs: String,
}
