//! The lock file of a crate and its packages in cargo's cache. The registry may be unavailable.

use serde::Deserialize;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<toml::Table>,
}

/// The number of packages in a lock file.
pub fn count_packages(lock: &str) -> Result<u64, ScanError> {
    let lock: Lock =
        toml::from_str(lock).map_err(|error| ScanError::ToolFailed(format!("Cargo.lock: {error}")))?;
    match lock.package.len() as u64 {
        0 => Err(ScanError::ToolFailed("Cargo.lock has no package".to_owned())),
        count => Ok(count),
    }
}

/// Downloads every package of the subject's lock file, for all platforms.
pub fn fetch_packages(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    cargo(ctx, &["fetch", "--quiet", "--locked"])
}

/// Writes the lock file of a planted crate.
pub fn generate(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    cargo(ctx, &["generate-lockfile", "--quiet"])
}

fn cargo(ctx: &ScanContext<'_>, args: &[&str]) -> Result<(), ScanError> {
    let offline = ctx.run_state.options.offline.then_some("--offline");
    let output = ctx.run(&ctx.cargo().args(args).args(offline), args[0])?;
    if output.code == 0 {
        return Ok(());
    }
    let error = output.stderr.lines().find_map(|line| line.strip_prefix("error"));
    let error = error.map_or("no answer", |error| error.trim_start_matches(": "));
    let error = format!("cargo {}: {error}", args[0]);
    let is_own = |reason| output.stderr.contains(reason);
    Err(if is_own("--locked was passed") || is_own("failed to parse") {
        ScanError::ToolFailed(error)
    } else {
        ScanError::DataUnavailable(error)
    })
}
