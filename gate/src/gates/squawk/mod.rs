//! Gate `squawk`: steps of migrations block no running service, and steps that ran do not change.

mod held_locks;
pub mod settings;

use std::fs;
use std::path::Path;

use harness::checksum;
use serde::Deserialize;

use crate::config;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::gates::squawk::settings::Migrations;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "squawk",
    title: "Steps of migrations block no running service, and steps that ran do not change",
    tools: &["squawk"],
    timeout: minutes(2),
    inputs: |config, path| {
        config
            .migrations
            .as_ref()
            .is_some_and(|steps| path.starts_with(&steps.folder))
    },
    scan,
    expects: &[
        CHANGED,
        UNDER_LOCK,
        "adding-not-nullable-field",
        "adding-required-field",
        "ban-concurrent-index-creation-in-transaction",
        "ban-drop-column",
        "ban-drop-table",
        "changing-column-type",
        "constraint-missing-not-valid",
        "prefer-bigint-over-int",
        "renaming-column",
        "require-concurrent-index-creation",
        "syntax-error",
    ],
    ..Gate::DEFAULT
};

/// Our rule: a step that ran has another content.
const CHANGED: &str = "applied-step-changed";

/// Our rule: a step changes rows in the transaction in which it locks a table.
const UNDER_LOCK: &str = "rows-changed-under-lock";

/// The command that runs the steps sets both limits for its session.
const SET_BY_THE_SESSION: &str = "--exclude=require-lock-timeout,require-statement-timeout";

/// Its ignore comments.
const MARKERS: [&str; 1] = [concat!("squawk", "-ignore")];

#[derive(Debug, Deserialize)]
struct Issue {
    file: String,
    /// From 0.
    line: u64,
    level: String,
    message: String,
    rule_name: String,
}

/// Scans a copy with empty settings. Steps that run outside of a transaction are scanned as such.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let steps = config::needed(ctx.config().migrations.as_ref(), "migrations")?;
    let is_step = |path: &str| path.starts_with(&steps.folder) && path.ends_with("/up.sql");
    let files = ctx.require_files("step of a migration", is_step)?;
    let settings = ctx.write_file("squawk.toml", "")?;
    let copy = ctx.copy(is_step, &MARKERS)?;
    let (inside, outside): (Vec<&str>, Vec<&str>) = files
        .iter()
        .copied()
        .partition(|file| runs_in_transaction(&ctx.subject.join(file)));
    let mut issues = Vec::new();
    for (name, flag, group) in [
        ("inside", "--assume-in-transaction", &inside),
        ("outside", "--no-assume-in-transaction", &outside),
    ] {
        if group.is_empty() {
            continue;
        }
        let command = ctx
            .tool("squawk")?
            .current_dir(&copy)
            .args(["--verbose", "--reporter=json", SET_BY_THE_SESSION, flag])
            .args([&format!("--pg-version={}", steps.postgres)])
            .args(["--config".into(), settings.clone()])
            .args(group);
        issues.extend(read(&ctx.run(&command, name)?, group.len())?);
    }
    let held = under_lock(&ctx.subject, &inside, steps)?;
    let mut result = judge(issues, &steps.applied_through, &steps.folder);
    result.findings.extend(changed(&ctx.subject, &files, steps)?);
    result.findings.extend(held);
    Ok(result.with_work(files.len() as u64, "steps", 1))
}

/// Exit codes: 0, or 1 with issues, and also 1 for a file that it cannot read. Standard error names each file that was checked.
fn read(output: &ToolOutput, files: usize) -> Result<Vec<Issue>, ScanError> {
    output.ensure(matches!(output.code, 0 | 1), "no scan")?;
    let issues: Vec<Issue> = output.json()?;
    output.ensure(output.code == i32::from(!issues.is_empty()), DISAGREEMENT)?;
    let checked = output.log_lines("checking file path: ").count();
    output.ensure(checked == files, &format!("{checked} of {files} steps checked"))?;
    Ok(issues)
}

/// Steps that ran cannot be corrected, because no database runs them again: their issues are counted only. Errors of syntax
/// are findings in every step.
fn judge(issues: Vec<Issue>, applied_through: &str, folder: &str) -> ScanResult {
    let is_applied = |issue: &Issue| {
        issue.rule_name != "syntax-error" && step(&issue.file, folder) <= Some(applied_through)
    };
    let (applied, open): (Vec<Issue>, Vec<Issue>) = issues.into_iter().partition(is_applied);
    let limit = format!(
        "squawk: {} issues of steps up to {applied_through}, which ran in databases and do not change",
        applied.len()
    );
    ScanResult::of(open.into_iter().map(finding)).with_limits((!applied.is_empty()).then_some(limit))
}

fn finding(issue: Issue) -> Finding {
    Finding::new("squawk", issue.rule_name, issue.message)
        .rated(Severity::named(&issue.level))
        .at(issue.file, Some(issue.line + 1))
}

/// A finding if the steps that ran are not those of the configuration: issues of a changed step would not be shown.
fn changed(root: &Path, files: &[&str], steps: &Migrations) -> Result<Option<Finding>, ScanError> {
    let mut text = String::new();
    for file in files
        .iter()
        .filter(|file| step(file, &steps.folder) <= Some(steps.applied_through.as_str()))
    {
        text += &format!("{file}\n{}\n", fs::read_to_string(root.join(file))?);
    }
    let digest = checksum::of(text);
    let message = format!(
        "a step up to {} was changed, added or removed (digest {digest}): add a new step instead",
        steps.applied_through
    );
    let finding = || {
        Finding::new("squawk", CHANGED, message)
            .rated(Severity::High)
            .at(config::FILE, None)
    };
    Ok((digest != steps.applied_digest).then(finding))
}

/// Findings in the steps that did not run everywhere, of those that run in a transaction.
fn under_lock(root: &Path, files: &[&str], steps: &Migrations) -> Result<Vec<Finding>, ScanError> {
    let mut findings = Vec::new();
    for file in files
        .iter()
        .filter(|file| step(file, &steps.folder) > Some(steps.applied_through.as_str()))
    {
        for change in held_locks::changes(&fs::read_to_string(root.join(file))?) {
            let message = format!(
                "changes rows in a transaction that locks {} until its end: use a step of its own",
                change.locked
            );
            let finding = Finding::new("squawk", UNDER_LOCK, message).rated(Severity::High);
            findings.push(finding.at(*file, Some(change.line)));
        }
    }
    Ok(findings)
}

/// The name of the step: of its folder.
fn step<'a>(file: &'a str, folder: &str) -> Option<&'a str> {
    file.strip_prefix(folder)?.split_once('/').map(|(step, _)| step)
}

/// Diesel's `metadata.toml` beside the step.
fn runs_in_transaction(file: &Path) -> bool {
    let metadata = fs::read_to_string(file.with_file_name("metadata.toml")).unwrap_or_default();
    let table = metadata.parse::<toml::Table>().unwrap_or_default();
    table.get("run_in_transaction").and_then(toml::Value::as_bool) != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const FOLDER: &str = "database/steps/";
    const FOUND: &str = r#"[{"file":"database/steps/2026-01-02-000001_b/up.sql","line":0,"column":8,"level":"Warning",
        "message":"a rewrite","help":null,"rule_name":"changing-column-type","column_end":15,"line_end":0},
        {"file":"database/steps/2026-01-01-000001_a/up.sql","line":3,"column":0,"level":"Warning",
        "message":"may break clients","help":null,"rule_name":"ban-drop-column","column_end":5,"line_end":3},
        {"file":"database/steps/2026-01-01-000001_a/up.sql","line":1,"column":0,"level":"Error",
        "message":"expected command, found IDENT","help":null,"rule_name":"syntax-error","column_end":0,"line_end":1}]"#;
    const LOG: &str = "10:04:35 [INFO] checking file path: database/steps/2026-01-01-000001_a/up.sql
10:04:35 [INFO] checking file path: database/steps/2026-01-02-000001_b/up.sql
";

    #[test]
    fn issues_of_steps_that_ran_are_counted_and_all_others_are_findings() {
        let issues = read(&ToolOutput::of(1, FOUND, LOG), 2).unwrap();
        let result = judge(issues, "2026-01-01-000001_a", FOLDER);
        let found: Vec<_> = result
            .findings
            .iter()
            .map(|found| (found.rule.as_str(), found.line()))
            .collect();
        assert_eq!(
            found,
            [("changing-column-type", Some(1)), ("syntax-error", Some(2))]
        );
        assert_eq!(result.findings[1].severity, Severity::High);
        assert!(result.limits[0].starts_with("squawk: 1 issues of steps up to 2026-01-01-000001_a"));
    }

    #[test]
    fn a_failed_or_incomplete_scan_is_no_pass() {
        assert!(read(&ToolOutput::of(0, "[]", LOG), 2).unwrap().is_empty());
        for output in [
            ToolOutput::of(1, "", "Failed to find files for provided patterns"),
            ToolOutput::of(1, "[]", LOG),
            ToolOutput::of(0, FOUND, LOG),
            ToolOutput::of(2, "[]", LOG),
            ToolOutput::of(0, "[]", ""),
        ] {
            assert_tool_failed(&read(&output, 2));
        }
    }

    #[test]
    fn a_changed_step_that_ran_is_a_finding_and_a_new_step_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |step: &str, text: &str| {
            let file = folder.path().join(FOLDER).join(step).join("up.sql");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("2026-01-01-000001_a", "SELECT 1;");
        write("2026-01-02-000001_b", "SELECT 2;");
        let first = "database/steps/2026-01-01-000001_a/up.sql";
        let files = [first, "database/steps/2026-01-02-000001_b/up.sql"];
        let steps = Migrations {
            folder: FOLDER.to_owned(),
            postgres: 15,
            applied_through: "2026-01-01-000001_a".to_owned(),
            applied_digest: checksum::of(format!("{first}\nSELECT 1;\n")),
        };
        let changed = || changed(folder.path(), &files, &steps).unwrap().is_some();
        assert!(!changed());
        write("2026-01-02-000001_b", "SELECT 3;");
        assert!(!changed());
        write("2026-01-01-000001_a", "SELECT 3;");
        assert!(changed());
    }
}
