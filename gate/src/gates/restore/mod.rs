//! Gate `restore`: a drill that destroys a database and restores it from a backup.

pub mod settings;

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::config;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::gates::restore::settings::Restore;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult, parse_json};
use crate::scheduler::ResourceClass;

pub const GATE: Gate = Gate {
    id: "restore",
    title: "A destroyed database is restored from its backup, equal in every row",
    // It measures time.
    resources: ResourceClass::Exclusive,
    timeout: minutes(30),
    required_from: GateProfile::Release,
    scan,
    expects: &[DIFFERS],
    ..Gate::DEFAULT
};

/// The restored database is not the lost one.
const DIFFERS: &str = "differs";

/// What a drill reports.
#[derive(Debug, Deserialize)]
struct Report {
    problems: Vec<String>,
    /// Numbers by name. Names of seconds end in `_s`, those of bytes in `_bytes`.
    #[serde(flatten)]
    figures: BTreeMap<String, f64>,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let restore: &Restore = config::needed(ctx.config().restore.as_ref(), "restore")?;
    let (report, tree) = (ctx.folder.join("drill.json"), ctx.subject.display().to_string());
    let path = report.display().to_string();
    let (drill, min_rows) = if ctx.planted {
        (&restore.canary_drill, 0)
    } else {
        (&restore.drill, restore.min_rows)
    };
    let command = drill.command(ctx.context(), &[("report", &path), ("tree", &tree)]);
    let output = ctx.run(&command, "drill")?;
    let report = fs::read_to_string(report).ok();
    let mut result = read(&output, report.as_deref(), min_rows)?;
    result
        .files
        .extend((!ctx.planted).then(|| ctx.folder.join("drill.json")));
    Ok(result)
}

/// Without a report the drill did not come as far as to make a backup.
fn read(output: &ToolOutput, report: Option<&str>, min_rows: u64) -> ScanOutcome {
    let Some(report) = report else {
        return Err(match output.log_lines("is not installed").next() {
            Some(missing) => ScanError::ToolMissing(missing.trim_start_matches("error: ").to_owned()),
            None => output.failed("no report"),
        });
    };
    let Report { problems, figures } = parse_json(report, "report of a drill")?;
    let rows = figures.get("rows").copied().unwrap_or_default();
    output.ensure(
        problems.is_empty() == (output.code == 0) && problems.is_empty() == (rows > 0.0),
        "the report and the exit code disagree",
    )?;
    let findings = problems.iter().map(|problem| {
        let rule = if problem.contains(DIFFERS) {
            DIFFERS
        } else {
            "failed"
        };
        Finding::new("restore", rule, problem).rated(Severity::High)
    });
    let mut result = ScanResult::of(findings);
    if problems.is_empty() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of rows"
        )]
        let rows = rows as u64;
        result = result.with_work(rows, "rows", min_rows);
    }
    result.figures.extend(figures.into_iter().map(|(name, value)| {
        let unit = [("_s", "s"), ("_bytes", "bytes")];
        let unit = unit.iter().find(|(ending, _)| name.ends_with(ending));
        let unit = unit.map_or("", |(_, unit)| unit).to_owned();
        Figure { name, value, unit }
    }));
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const EQUAL: &str = r#"{"problems": [], "rows": 7, "restore_s": 1.5, "dump_bytes": 90}"#;
    const DIFFERENT: &str = r#"{"problems": ["bash failed: the restored database differs"]}"#;

    fn result(code: i32, stderr: &str, report: Option<&str>) -> ScanOutcome {
        read(&ToolOutput::of(code, "", stderr), report, 5)
    }

    #[test]
    fn problems_are_findings_and_seconds_are_figures() {
        let equal = result(0, "", Some(EQUAL)).unwrap();
        assert!(equal.findings.is_empty());
        assert_eq!((equal.work[0].count, equal.work[0].min), (7, 5));
        let figure = equal
            .figures
            .iter()
            .find(|figure| figure.name == "restore_s")
            .unwrap();
        assert_eq!((figure.value, figure.unit.as_str()), (1.5, "s"));
        let different = result(1, "", Some(DIFFERENT)).unwrap();
        assert_eq!(different.findings[0].rule, DIFFERS);
        let lost = DIFFERENT.replace("the restored database differs", "cannot connect");
        assert_eq!(result(1, "", Some(&lost)).unwrap().findings[0].rule, "failed");
    }

    #[test]
    fn a_drill_without_a_backup_is_no_pass() {
        let missing = "error: `psql` is not installed (it comes with PostgreSQL's client programs)";
        let error = result(1, missing, None).unwrap_err();
        assert!(
            matches!(&error, ScanError::ToolMissing(what) if what.starts_with("`psql`")),
            "{error:?}"
        );
        for (code, report) in [(1, None), (0, Some(DIFFERENT)), (1, Some(EQUAL)), (0, Some("{}"))] {
            assert_tool_failed(&result(code, "error: no server", report));
        }
    }
}
