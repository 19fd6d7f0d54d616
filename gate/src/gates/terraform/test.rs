//! Gate `terraform-test`: runs the tests of the Terraform modules.

use serde::Deserialize;

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform::providers::{self, Terraform};
use crate::gates::terraform::{self, Diagnostic};
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, Test};

pub const GATE: Gate = Gate {
    id: "terraform-test",
    title: "The tests of the Terraform modules pass",
    tools: &["terraform"],
    timeout: minutes(15),
    required_from: GateProfile::Release,
    // Inputs are all files: a module reads files of any name in its folder.
    data: providers::revision,
    scan,
    expects: &["Test assertion failed"],
    ..Gate::DEFAULT
};

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
    let tests = ctx.require_files("*.tftest.hcl", file_kinds::is_module_test)?;
    let tested: Vec<&str> = file_kinds::folders(&tests).into_iter().map(module).collect();
    let mut modules = terraform::copy(ctx)?;
    modules.retain(|module| tested.contains(&module.folder.as_str()));
    let (result, _) = Terraform::new(ctx).run_each(&modules, ["test", "-json"], read)?;
    let runs = result.tests.len() as u64;
    Ok(result.with_work(runs, "runs", tests.len() as u64))
}

/// The module that tests in this folder belong to: they are beside it, or in `tests/` below it.
fn module(folder: &str) -> &str {
    match folder {
        "tests" => "",
        folder => folder.strip_suffix("/tests").unwrap_or(folder),
    }
}

/// `terraform test` exits with 1 for a failed run, and for a failed clean-up after runs that all passed, which is a finding
/// too. Without any test it exits with 0.
fn read(output: &ToolOutput, folder: &str, result: &mut ScanResult) -> Result<(), ScanError> {
    let lines: Vec<Line> = output
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let diagnostics = lines.iter().filter_map(|line| line.diagnostic.as_ref());
    let mut findings: Vec<Finding> = diagnostics.map(|one| one.finding(folder)).collect();
    let Some(summary) = lines.iter().find_map(|line| line.test_summary.as_ref()) else {
        // An error in the code itself keeps every test from running.
        let is_error = output.code != 0 && !findings.is_empty();
        output.ensure(is_error, "terraform test reported no result")?;
        result.findings.extend(findings);
        return Ok(());
    };
    let runs = lines.iter().filter_map(|line| line.test_run.as_ref());
    let tests: Vec<Test> = runs.filter_map(|run| test(run, folder)).collect();
    let not_passed = summary.failed + summary.errored + summary.skipped;
    let counted = summary.passed + not_passed;
    output.ensure(
        tests.len() == counted,
        &format!("{counted} runs counted, {} listed", tests.len()),
    )?;
    if findings.is_empty() && (output.code != 0 || not_passed > 0) {
        let bad = tests.iter().filter(|test| test.outcome != "passed");
        let names: Vec<&str> = bad.map(|test| test.name.as_str()).collect();
        let what = format!("exit code {} {}", output.code, names.join(", "));
        findings.push(Finding::new("terraform", "terraform-test", what).rated(Severity::High));
    }
    result.findings.extend(findings);
    result.tests.extend(tests);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const STARTED: &str = r#"{"@level":"info","@message":"  \"planted\"... in progress","test_run":{"path":"a.tftest.hcl","run":"planted","progress":"starting","elapsed":0},"type":"test_run"}"#;
    const FAILED: &str = r#"{"@level":"info","test_run":{"path":"a.tftest.hcl","run":"planted","progress":"complete","status":"fail"},"type":"test_run"}
{"@level":"error","diagnostic":{"severity":"error","summary":"Test assertion failed","detail":"planted: not encrypted","range":{"filename":"a.tftest.hcl","start":{"line":5,"column":21,"byte":65},"end":{"line":5,"column":59,"byte":103}}},"type":"diagnostic"}
{"@level":"info","test_summary":{"status":"fail","passed":0,"failed":1,"errored":0,"skipped":0},"type":"test_summary"}"#;
    const PASSED: &str = r#"{"test_run":{"path":"a.tftest.hcl","run":"planted","progress":"complete","status":"pass"},"type":"test_run"}
{"test_summary":{"status":"pass","passed":1,"failed":0,"errored":0,"skipped":0},"type":"test_summary"}"#;

    fn result(code: i32, lines: &str) -> Result<ScanResult, ScanError> {
        let output = ToolOutput::of(code, &format!("{STARTED}\n{lines}\n"), "");
        let mut result = ScanResult::default();
        read(&output, "a", &mut result).map(|()| result)
    }

    #[test]
    fn runs_and_their_failures_are_read() {
        let failed = result(1, FAILED).unwrap();
        assert_eq!(
            (failed.tests[0].outcome.as_str(), failed.findings.len()),
            ("failed", 1)
        );
        assert_eq!(failed.findings[0].path(), Some("a/a.tftest.hcl"));
        let passed = result(0, PASSED).unwrap();
        assert_eq!(
            (passed.tests[0].outcome.as_str(), passed.findings.len()),
            ("passed", 0)
        );
        assert_eq!((module("a/tests"), module("tests"), module("a")), ("a", "", "a"));
    }

    #[test]
    fn a_failed_clean_up_is_a_finding_and_an_incomplete_report_an_error() {
        assert_eq!(result(1, PASSED).unwrap().findings.len(), 1);
        let code_is_wrong: String = FAILED.lines().take(2).skip(1).collect();
        assert_eq!(result(1, &code_is_wrong).unwrap().findings.len(), 1);
        let fewer = PASSED.replace("\"passed\":1", "\"passed\":2");
        for (code, lines) in [(0, ""), (1, "Error: no"), (0, fewer.as_str())] {
            assert_tool_failed(&result(code, lines));
        }
    }
}
