//! How gates call trivy.

pub mod config;
pub mod image;
mod report;
pub mod secrets;
pub mod vulnerabilities;

use std::fs;
use std::path::{Path, PathBuf};

use harness::process::command::Command;
use serde::Deserialize;

use crate::gates::trivy::report::Report;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{Database, ScanError, parse_json};

/// The exit code for findings; trivy has none of its own.
const FOUND: i32 = 7;

/// Its ignore comments, which it obeys silently.
pub const MARKERS: [&str; 2] = ["trivy:ignore", "tfsec:ignore"];

/// An empty cache, below the folder that the command runs in.
pub const NO_CACHE: &str = "--cache-dir=cache";

/// trivy with the arguments of every call, in a folder without settings.
pub fn command<'a>(ctx: &ScanContext<'a>, args: &[&str]) -> Result<Command<'a>, ScanError> {
    let trivy = ctx.tool("trivy")?.current_dir(&ctx.folder).args(args);
    Ok(trivy
        .args(["--skip-version-check", "--disable-telemetry", "--ignorefile="])
        .args(["--format=json".to_owned(), format!("--exit-code={FOUND}")]))
}

/// Scans a folder or an image; the report is `NAME.json`.
pub fn run(
    ctx: &ScanContext<'_>,
    command: Command<'_>,
    subject: &Path,
    name: &str,
) -> Result<ToolOutput, ScanError> {
    let command = command.args([subject]).args([format!("--output={name}.json")]);
    ctx.run(&command, name)
}

/// The report `NAME.json` of a call.
pub fn report(ctx: &ScanContext<'_>, output: &ToolOutput, name: &str) -> Result<Report, ScanError> {
    output.ensure(matches!(output.code, 0 | FOUND), "no scan")?;
    let report = parse_json(&ctx.read_report(&format!("{name}.json"))?, "report of trivy")?;
    ensure_agreement(output, &report)?;
    Ok(report)
}

/// Arguments for the database, which is cached across runs and updated by trivy when it is outdated, unless offline.
pub fn database(ctx: &ScanContext<'_>) -> Result<Vec<String>, ScanError> {
    let mut args = vec![format!("--cache-dir={}", cache(ctx)?.display())];
    if ctx.run_state.options.offline {
        args.push("--skip-db-update".to_owned());
    }
    Ok(args)
}

/// Fails when trivy had no database.
pub fn ensure_database(output: &ToolOutput) -> Result<(), ScanError> {
    if output.code == 1 && output.log_lines("DB error").count() > 0 {
        let what = "trivy's vulnerability database is not cached and cannot be fetched";
        return Err(ScanError::DataUnavailable(what.to_owned()));
    }
    Ok(())
}

/// The database that was used.
pub fn databases(ctx: &ScanContext<'_>) -> Result<Vec<Database>, ScanError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        version: u64,
        updated_at: String,
    }
    let file = cache(ctx)?.join("db").join("metadata.json");
    let metadata: Metadata = parse_json(&fs::read_to_string(file)?, "metadata of trivy's database")?;
    Ok(vec![Database {
        name: "trivy-db".to_owned(),
        date: metadata.updated_at,
        revision: format!("format {}", metadata.version),
        entries: 0,
    }])
}

fn cache(ctx: &ScanContext<'_>) -> Result<PathBuf, ScanError> {
    let cache = ctx.context().settings.cache.as_ref();
    let none = || ScanError::DataUnavailable("no cache for trivy's database: set XDG_CACHE_HOME".to_owned());
    cache.map(|cache| cache.join("trivy")).ok_or_else(none)
}

fn ensure_agreement(output: &ToolOutput, report: &Report) -> Result<(), ScanError> {
    let is_empty = report.findings(str::to_owned).is_empty();
    output.ensure((output.code == FOUND) != is_empty, DISAGREEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_code_and_report_must_agree() {
        let agrees = |code, report| ensure_agreement(&ToolOutput::of(code, "", ""), report).is_ok();
        let empty = parse_json(r#"{"SchemaVersion":2}"#, "report").unwrap();
        assert!(agrees(0, &empty) && !agrees(FOUND, &empty));
        let full = r#"{"Results":[{"Target":"a","Secrets":[{"RuleID":"private-key","Severity":"HIGH","Title":"Key"}]}]}"#;
        let full = parse_json(full, "report").unwrap();
        assert!(agrees(FOUND, &full) && !agrees(0, &full));
    }

    #[test]
    fn a_missing_database_means_not_run() {
        let ensure = |code, stderr: &str| ensure_database(&ToolOutput::of(code, "", stderr));
        let without = "2026-11-21T07:30:19Z\tFATAL\tFatal error\trun error: init error: DB error: database error: \
            --skip-db-update cannot be specified on the first run";
        assert!(matches!(ensure(1, without), Err(ScanError::DataUnavailable(_))));
        assert_eq!(ensure(0, ""), Ok(()));
        let other = ensure(1, "FATAL another");
        assert_eq!(other, Ok(()), "reading the report fails instead");
    }
}
