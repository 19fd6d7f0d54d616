//! What gates need of a registry: packages in cargo's cache, a lock file; the registry may not answer.

use std::fs;

use serde::Deserialize;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<toml::Table>,
}

/// How many packages the subject's lock file has.
pub fn packages(ctx: &ScanContext<'_>) -> Result<u64, ScanError> {
    let text = fs::read_to_string(ctx.subject.join("Cargo.lock"))?;
    let lock: Lock =
        toml::from_str(&text).map_err(|error| ScanError::ToolFailed(format!("Cargo.lock: {error}")))?;
    match lock.package.len() as u64 {
        0 => Err(ScanError::ToolFailed("Cargo.lock has no package".to_owned())),
        count => Ok(count),
    }
}

/// Brings every package of the subject's lock file, whatever platform needs it, into cargo's cache.
pub fn fetch(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    cargo(ctx, &["fetch", "--quiet", "--locked"])
}

/// Writes the lock file of a planted crate.
pub fn lock(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    cargo(ctx, &["generate-lockfile", "--quiet"])
}

fn cargo(ctx: &ScanContext<'_>, args: &[&str]) -> Result<(), ScanError> {
    let offline = ctx.shared.options.offline.then_some("--offline");
    let output = ctx.run(&ctx.cargo().args(args).args(offline), args[0])?;
    if output.code == 0 {
        return Ok(());
    }
    let why = output.stderr.lines().find(|line| line.starts_with("error"));
    let why = format!(
        "cargo {}: {}",
        args[0],
        why.unwrap_or("no answer").trim_start_matches("error: ")
    );
    match output.stderr.contains("--locked was passed") || output.stderr.contains("failed to parse") {
        true => Err(ScanError::ToolFailed(why)),
        false => Err(ScanError::DataUnavailable(why)),
    }
}
