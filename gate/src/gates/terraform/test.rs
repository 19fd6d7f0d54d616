//! Gate `terraform-test`: the modules' own tests pass.

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform::{self, Diagnostic};
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, Test};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "terraform-test",
    title: "The tests of the Terraform modules pass",
    tools: &["terraform"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(15),
    required_from: GateProfile::Release,
    // A module reads files of any name that lie beside it.
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "terraform-test",
        prepare: as_it_is,
        expects: |_| vec!["Test assertion failed"],
    }),
};

/// One line of what it tells.
#[derive(Deserialize)]
struct Line {
    test_run: Option<Run>,
    diagnostic: Option<Diagnostic>,
    test_summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Run {
    path: String,
    run: String,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Summary {
    passed: usize,
    failed: usize,
    errored: usize,
    skipped: usize,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let tests = ctx.files_where(file_kinds::is_module_test);
    if tests.is_empty() {
        return Err(ScanError::NothingToScan("no *.tftest.hcl in the tree".to_owned()));
    }
    let (copy, _) = terraform::copy(ctx)?;
    let mut seen = ScanResult::default();
    let mut modules: Vec<&str> = file_kinds::folders(&tests).into_iter().map(module).collect();
    modules.sort_unstable();
    modules.dedup();
    for folder in modules {
        let (place, name) = (copy.join(folder), terraform::label(folder));
        terraform::init(ctx, &place, &name)?;
        let command = terraform::command(ctx, &place)?.args(["test", "-json"]);
        read(&ctx.run(&command, &format!("test-{name}"))?, folder, &mut seen)?;
    }
    let (runs, files) = (seen.tests.len() as u64, tests.len() as u64);
    Ok(seen.with_work(runs, "runs", files))
}

/// Tests lie beside a module, or in `tests/` below it.
fn module(folder: &str) -> &str {
    match folder {
        "tests" => "",
        folder => folder.strip_suffix("/tests").unwrap_or(folder),
    }
}

/// It exits with 1 for a failed run, and for a clean-up that failed after runs that all passed: that is found too. Without
/// any test it exits with 0.
fn read(output: &ToolOutput, folder: &str, seen: &mut ScanResult) -> Result<(), ScanError> {
    let lines: Vec<Line> = output
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let diagnostics = lines.iter().filter_map(|line| line.diagnostic.as_ref());
    let found: Vec<Finding> = diagnostics.map(|one| finding(one, folder)).collect();
    let Some(summary) = lines.iter().find_map(|line| line.test_summary.as_ref()) else {
        // What is wrong with the code itself keeps every test from running.
        if output.code == 0 || found.is_empty() {
            return Err(output.failed("terraform test told no result"));
        }
        seen.findings.extend(found);
        return Ok(());
    };
    let runs = lines.iter().filter_map(|line| line.test_run.as_ref());
    let ended: Vec<Test> = runs.filter_map(|run| test(run, folder)).collect();
    let told = summary.passed + summary.failed + summary.errored + summary.skipped;
    if ended.len() != told {
        return Err(output.failed(&format!("{told} runs were told, {} were seen", ended.len())));
    }
    let bad = ended.iter().filter(|test| test.outcome != "passed");
    let silent =
        found.is_empty() && (output.code != 0 || summary.failed + summary.errored + summary.skipped > 0);
    if silent {
        let names: Vec<&str> = bad.map(|test| test.name.as_str()).collect();
        let what = format!("exit code {} {}", output.code, names.join(", "));
        seen.findings
            .push(Finding::new("terraform", "terraform-test", what).rated(Severity::High));
    }
    seen.findings.extend(found);
    seen.tests.extend(ended);
    Ok(())
}

fn test(run: &Run, folder: &str) -> Option<Test> {
    let outcome = match run.status.as_deref()? {
        "pass" => "passed",
        "skip" => "skipped",
        "fail" | "error" => "failed",
        _ => return None,
    };
    Some(Test {
        name: format!("{} {}", terraform::below(folder, &run.path), run.run),
        outcome: outcome.to_owned(),
        tags: Vec::new(),
    })
}

fn finding(one: &Diagnostic, folder: &str) -> Finding {
    let line = one.detail.lines().next().unwrap_or_default();
    let finding = Finding::new("terraform", &one.summary, line).rated(Severity::named(&one.severity));
    match &one.range {
        Some(range) => finding.at(terraform::below(folder, &range.filename), Some(range.start.line)),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: &str = r#"{"@level":"info","@message":"  \"planted\"... in progress","test_run":{"path":"a.tftest.hcl","run":"planted","progress":"starting","elapsed":0},"type":"test_run"}"#;
    const FAILED: &str = r#"{"@level":"info","test_run":{"path":"a.tftest.hcl","run":"planted","progress":"complete","status":"fail"},"type":"test_run"}
{"@level":"error","diagnostic":{"severity":"error","summary":"Test assertion failed","detail":"planted: not encrypted","range":{"filename":"a.tftest.hcl","start":{"line":5,"column":21,"byte":65},"end":{"line":5,"column":59,"byte":103}}},"type":"diagnostic"}
{"@level":"info","test_summary":{"status":"fail","passed":0,"failed":1,"errored":0,"skipped":0},"type":"test_summary"}"#;
    const PASSED: &str = r#"{"test_run":{"path":"a.tftest.hcl","run":"planted","progress":"complete","status":"pass"},"type":"test_run"}
{"test_summary":{"status":"pass","passed":1,"failed":0,"errored":0,"skipped":0},"type":"test_summary"}"#;

    fn seen(code: i32, lines: &str) -> Result<ScanResult, ScanError> {
        let output = ToolOutput {
            code,
            stdout: format!("{STARTED}\n{lines}\n"),
            stderr: String::new(),
        };
        let mut seen = ScanResult::default();
        read(&output, "a", &mut seen).map(|()| seen)
    }

    #[test]
    fn runs_and_what_failed_in_them_are_read() {
        let failed = seen(1, FAILED).unwrap();
        assert_eq!(
            (failed.tests[0].outcome.as_str(), failed.findings.len()),
            ("failed", 1)
        );
        assert_eq!(
            failed.findings[0].location.as_ref().unwrap().path,
            "a/a.tftest.hcl"
        );
        let passed = seen(0, PASSED).unwrap();
        assert_eq!(
            (passed.tests[0].outcome.as_str(), passed.findings.len()),
            ("passed", 0)
        );
        assert_eq!((module("a/tests"), module("tests"), module("a")), ("a", "", "a"));
    }

    #[test]
    fn a_failed_clean_up_is_found_and_half_a_report_is_no_silence() {
        assert_eq!(seen(1, PASSED).unwrap().findings.len(), 1);
        let code_is_wrong: String = FAILED.lines().take(2).skip(1).collect();
        assert_eq!(seen(1, &code_is_wrong).unwrap().findings.len(), 1);
        let fewer = PASSED.replace("\"passed\":1", "\"passed\":2");
        for (code, lines) in [(0, ""), (1, "Error: no"), (0, fewer.as_str())] {
            assert!(matches!(seen(code, lines), Err(ScanError::ToolFailed(_))));
        }
    }
}
