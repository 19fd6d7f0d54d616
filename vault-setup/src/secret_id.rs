//! SecretIDs for programs, wrapped: what a deployment hands over can be opened once, so a theft on the way is noticed.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::server::Server;

/// Issues a SecretID and returns the token that opens it, for this time (`60s`).
///
/// # Errors
/// When the server refuses or cannot be reached.
pub fn issue_secret_id(server: &Server, role: &str, wrap_ttl: &str) -> Result<SecretId> {
    let path = format!("auth/approle/role/{role}/secret-id");
    let answer = server.write_wrapped(&path, &json!({}), wrap_ttl)?;
    let text = |name: &str| answer["wrap_info"][name].as_str().map(str::to_owned);
    Ok(SecretId {
        wrapping_token: text("token").with_context(|| format!("{path}: the answer is not wrapped"))?,
        ttl: answer["wrap_info"]["ttl"].as_u64().unwrap_or_default(),
        accessor: answer["wrap_info"]
            .get("wrapped_accessor")
            .and_then(Value::as_str)
            .map(str::to_owned),
    })
}

/// A wrapped SecretID.
pub struct SecretId {
    /// The token that opens it once.
    pub wrapping_token: String,
    /// Seconds until it can no longer be opened.
    pub ttl: u64,
    /// With this the SecretID can be destroyed; it cannot be used to log in.
    pub accessor: Option<String>,
}
