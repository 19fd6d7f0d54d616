//! What gates need of a registry: packages in cargo's cache, a lock file; the registry may not answer.

use std::fs;

use serde::Deserialize;

use crate::scan_context::Job;
use crate::scan_result::Trouble;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<toml::Table>,
}

/// How many packages the subject's lock file has.
///
/// # Errors
/// `Broke` when it has none.
pub fn packages(job: &Job<'_>) -> Result<u64, Trouble> {
    let text = fs::read_to_string(job.subject.join("Cargo.lock"))?;
    let lock: Lock = toml::from_str(&text).map_err(|error| Trouble::Broke(format!("Cargo.lock: {error}")))?;
    match lock.package.len() as u64 {
        0 => Err(Trouble::Broke("Cargo.lock has no package".to_owned())),
        count => Ok(count),
    }
}

/// Brings every package of the subject's lock file, whatever platform needs it, into cargo's cache.
///
/// # Errors
/// `NoData` when the registry does not answer, `Broke` when the lock file does not fit the manifests.
pub fn fetch(job: &Job<'_>) -> Result<(), Trouble> {
    cargo(job, &["fetch", "--quiet", "--locked"])
}

/// Writes the lock file of a planted crate.
///
/// # Errors
/// As [`fetch`].
pub fn lock(job: &Job<'_>) -> Result<(), Trouble> {
    cargo(job, &["generate-lockfile", "--quiet"])
}

fn cargo(job: &Job<'_>, args: &[&str]) -> Result<(), Trouble> {
    let offline = job.shared.asked.offline.then_some("--offline");
    let said = job.run(&job.cargo().args(args).args(offline), args[0])?;
    if said.code == 0 {
        return Ok(());
    }
    let why = said.stderr.lines().find(|line| line.starts_with("error"));
    let why = format!(
        "cargo {}: {}",
        args[0],
        why.unwrap_or("no answer").trim_start_matches("error: ")
    );
    match said.stderr.contains("--locked was passed") || said.stderr.contains("failed to parse") {
        true => Err(Trouble::Broke(why)),
        false => Err(Trouble::NoData(why)),
    }
}
