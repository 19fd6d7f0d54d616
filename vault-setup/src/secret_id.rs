//! SecretIDs for programs, wrapped: what a deployment hands over can be opened once, so a theft on the way is noticed.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

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

/// Issues a SecretID and writes the token that opens it to a file of mode 0600, which replaces one that is there. A SecretID that
/// nothing receives would be usable until it ends, so none is issued where the file cannot be written.
///
/// # Errors
/// When the file cannot be written, or the server refuses or cannot be reached; the former file then remains.
pub fn issue_secret_id_to(file: &Path, server: &Server, role: &str, wrap_ttl: &str) -> Result<SecretId> {
    let context = || format!("--output: {}", file.display());
    if file.is_dir() || file.file_name().is_none() {
        bail!("{}: is no name of a file", context());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    // The crate creates files with mode 0600.
    let mut temporary = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(context)?;
    let issued = issue_secret_id(server, role, wrap_ttl)?;
    temporary
        .write_all(issued.wrapping_token.as_bytes())
        .and_then(|()| temporary.as_file().sync_all())
        .with_context(context)?;
    temporary.persist(file).with_context(context)?;
    Ok(issued)
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
