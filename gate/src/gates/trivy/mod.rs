//! How gates call trivy; knows no gate.

pub mod config;
pub mod image;
mod report;
pub mod secrets;
pub mod vulnerabilities;

use std::fs;
use std::path::PathBuf;

use harness::process::command::Command;
use serde::Deserialize;

use crate::gates::trivy::report::{Report, parse};
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{Database, ScanError};

/// Its exit code for findings: by itself it has none.
pub const FOUND: i32 = 7;

/// Its inline ignores, which it obeys without a word.
pub const MARKERS: [&str; 2] = ["trivy:ignore", "tfsec:ignore"];

/// The tool, in a folder that has no settings of its own, with what every call says.
pub fn command<'a>(ctx: &ScanContext<'a>, what: &[&str]) -> Result<Command<'a>, ScanError> {
    let trivy = ctx.tool("trivy")?.current_dir(&ctx.folder).args(what);
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
pub fn report(ctx: &ScanContext<'_>, output: &ToolOutput, file: &str) -> Result<Report, ScanError> {
    if !matches!(output.code, 0 | FOUND) {
        return Err(output.failed("it could not look"));
    }
    let report = parse(&ctx.read_report(file)?)?;
    agrees(output, &report)?;
    Ok(report)
}

/// Where its database is: in the cache, over runs; fetched when it is older than its makers want and anything may be.
pub fn database(ctx: &ScanContext<'_>) -> Result<Vec<String>, ScanError> {
    let mut args = vec![format!("--cache-dir={}", cache(ctx)?.display())];
    if ctx.shared.options.offline {
        args.push("--skip-db-update".to_owned());
    }
    Ok(args)
}

/// Whether it had one: without, it fails, and says so.
pub fn has_database(output: &ToolOutput) -> Result<(), ScanError> {
    let line = output.stderr.lines().rfind(|line| line.contains("DB error"));
    match line {
        Some(_) if output.code == 1 => Err(ScanError::DataUnavailable(
            "trivy's vulnerability database is not here and cannot be fetched".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// What it compared with, by its own word.
pub fn databases(ctx: &ScanContext<'_>) -> Result<Vec<Database>, ScanError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        version: u64,
        updated_at: String,
    }
    let file = cache(ctx)?.join("db").join("metadata.json");
    let metadata: Metadata = serde_json::from_slice(&fs::read(&file)?)
        .map_err(|error| ScanError::ToolFailed(format!("{}: {error}", file.display())))?;
    Ok(vec![Database {
        name: "trivy-db".to_owned(),
        date: metadata.updated_at,
        revision: format!("form {}", metadata.version),
        entries: 0,
    }])
}

fn cache(ctx: &ScanContext<'_>) -> Result<PathBuf, ScanError> {
    let cache = ctx.context().settings.cache.as_ref();
    let none = || ScanError::DataUnavailable("no cache for trivy's database: set XDG_CACHE_HOME".to_owned());
    cache.map(|cache| cache.join("trivy")).ok_or_else(none)
}

fn agrees(output: &ToolOutput, report: &Report) -> Result<(), ScanError> {
    match (output.code == FOUND) == report.findings(str::to_owned).is_empty() {
        true => Err(output.failed("exit code and report disagree")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_code_and_report_must_agree() {
        let tool_output = |code| ToolOutput {
            code,
            stdout: String::new(),
            stderr: String::new(),
        };
        let empty = parse(r#"{"SchemaVersion":2}"#).unwrap();
        assert!(agrees(&tool_output(0), &empty).is_ok() && agrees(&tool_output(FOUND), &empty).is_err());
        let full = r#"{"Results":[{"Target":"a","Secrets":[{"RuleID":"private-key","Severity":"HIGH","Title":"Key"}]}]}"#;
        let full = parse(full).unwrap();
        assert!(agrees(&tool_output(FOUND), &full).is_ok() && agrees(&tool_output(0), &full).is_err());
    }

    #[test]
    fn a_missing_database_is_no_failure_of_ours_and_no_pass() {
        let tool_output = |code, stderr: &str| ToolOutput {
            code,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let without = "2026-11-21T07:30:19Z\tFATAL\tFatal error\trun error: init error: DB error: database error: \
            --skip-db-update cannot be specified on the first run";
        assert!(matches!(
            has_database(&tool_output(1, without)),
            Err(ScanError::DataUnavailable(_))
        ));
        assert_eq!(has_database(&tool_output(0, "")), Ok(()));
        assert_eq!(
            has_database(&tool_output(1, "FATAL another")),
            Ok(()),
            "whoever reads the report says so"
        );
    }
}
