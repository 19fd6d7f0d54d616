//! How gates call trivy; knows no gate.

/// Gate `trivy-config`.
pub mod config;

/// Gate `trivy-image`.
pub mod image;

/// What trivy writes.
mod report;

/// Gate `trivy-secrets`.
pub mod secrets;

/// Gate `trivy-vulnerabilities`.
pub mod vulnerabilities;

use std::fs;
use std::path::PathBuf;

use harness::process::command::Call;
use serde::Deserialize;

use crate::gates::trivy::report::{Report, parse};
use crate::scan_context::{Job, Said};
use crate::scan_result::{Database, Trouble};

/// Its exit code for findings: by itself it has none.
pub const FOUND: i32 = 7;

/// Its inline ignores, which it obeys without a word.
pub const MARKERS: [&str; 2] = ["trivy:ignore", "tfsec:ignore"];

/// The tool, in a folder that has no settings of its own, with what every call says.
///
/// # Errors
/// When it is not there.
pub fn call<'a>(job: &Job<'a>, what: &[&str]) -> Result<Call<'a>, Trouble> {
    let trivy = job.tool("trivy")?.within(&job.folder).args(what);
    let code = format!("--exit-code={FOUND}");
    Ok(trivy
        .args([
            "--skip-version-check",
            "--disable-telemetry",
            "--ignorefile=",
            "--format=json",
        ])
        .args([code]))
}

/// Its report of this run, which stands beside the exit code that it must have.
///
/// # Errors
/// `Broke` when it failed, wrote none, or exit code and report disagree.
pub fn report(job: &Job<'_>, said: &Said, file: &str) -> Result<Report, Trouble> {
    if !matches!(said.code, 0 | FOUND) {
        return Err(said.broke("it could not look"));
    }
    let report = parse(&job.report(file)?)?;
    agrees(said, &report)?;
    Ok(report)
}

/// Where its database is: in the cache, over runs; fetched when it is older than its makers want and anything may be.
///
/// # Errors
/// `NoData` when there is no cache.
pub fn database(job: &Job<'_>) -> Result<Vec<String>, Trouble> {
    let mut args = vec![format!("--cache-dir={}", cache(job)?.display())];
    if job.shared.asked.offline {
        args.push("--skip-db-update".to_owned());
    }
    Ok(args)
}

/// Whether it had one: without, it fails, and says so.
///
/// # Errors
/// `NoData` with its reason.
pub fn has_database(said: &Said) -> Result<(), Trouble> {
    let line = said.stderr.lines().rfind(|line| line.contains("DB error"));
    match line {
        Some(_) if said.code == 1 => Err(Trouble::NoData(
            "trivy's vulnerability database is not here and cannot be fetched".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// What it compared with, by its own word.
///
/// # Errors
/// `Broke` when it does not say.
pub fn databases(job: &Job<'_>) -> Result<Vec<Database>, Trouble> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        version: u64,
        updated_at: String,
    }
    let file = cache(job)?.join("db").join("metadata.json");
    let metadata: Metadata = serde_json::from_slice(&fs::read(&file)?)
        .map_err(|error| Trouble::Broke(format!("{}: {error}", file.display())))?;
    Ok(vec![Database {
        name: "trivy-db".to_owned(),
        date: metadata.updated_at,
        revision: format!("form {}", metadata.version),
        entries: 0,
    }])
}

fn cache(job: &Job<'_>) -> Result<PathBuf, Trouble> {
    let cache = job.context().settings.cache.as_ref();
    let none = || Trouble::NoData("no cache for trivy's database: set XDG_CACHE_HOME".to_owned());
    cache.map(|cache| cache.join("trivy")).ok_or_else(none)
}

fn agrees(said: &Said, report: &Report) -> Result<(), Trouble> {
    match (said.code == FOUND) == report.findings(str::to_owned).is_empty() {
        true => Err(said.broke("exit code and report disagree")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_code_and_report_must_agree() {
        let said = |code| Said {
            code,
            stdout: String::new(),
            stderr: String::new(),
        };
        let empty = parse(r#"{"SchemaVersion":2}"#).unwrap();
        assert!(agrees(&said(0), &empty).is_ok() && agrees(&said(FOUND), &empty).is_err());
        let full = r#"{"Results":[{"Target":"a","Secrets":[{"RuleID":"private-key","Severity":"HIGH","Title":"Key"}]}]}"#;
        let full = parse(full).unwrap();
        assert!(agrees(&said(FOUND), &full).is_ok() && agrees(&said(0), &full).is_err());
    }

    #[test]
    fn a_missing_database_is_no_failure_of_ours_and_no_pass() {
        let said = |code, stderr: &str| Said {
            code,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let without = "2026-11-21T07:30:19Z\tFATAL\tFatal error\trun error: init error: DB error: database error: \
            --skip-db-update cannot be specified on the first run";
        assert!(matches!(has_database(&said(1, without)), Err(Trouble::NoData(_))));
        assert_eq!(has_database(&said(0, "")), Ok(()));
        assert_eq!(
            has_database(&said(1, "FATAL another")),
            Ok(()),
            "whoever reads the report says so"
        );
    }
}
