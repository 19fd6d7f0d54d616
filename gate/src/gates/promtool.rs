//! Gate `alert-rules`: promtool's checks and unit tests of Prometheus rules.

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "alert-rules",
    title: "Alert rules are valid and pass their tests",
    tools: &["promtool"],
    timeout: minutes(5),
    required_from: GateProfile::Release,
    inputs: |_, path| file_kinds::is_alert_rules(path) || file_kinds::is_alert_rules_test(path),
    scan,
    expects: &["check-rules", "test-rules", NO_RULES],
    ..Gate::DEFAULT
};

/// A test whose rules do not exist passes, with a warning.
const NO_RULES: &str = "no-rules";

/// One run for each file, because promtool's messages do not name it.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let rules = ctx.require_files("*.rules.yml", file_kinds::is_alert_rules)?;
    let tests = ctx.require_files("*.rules.test.yml", file_kinds::is_alert_rules_test)?;
    let mut result = ScanResult::default();
    for (kind, args, files) in [
        (
            "check-rules",
            ["check", "rules", "--lint=all", "--lint-fatal"].as_slice(),
            &rules,
        ),
        ("test-rules", &["test", "rules"], &tests),
    ] {
        for file in files {
            let name = format!("{kind}-{}", file.replace('/', "-"));
            let output = ctx.run(&ctx.tool("promtool")?.args(args).args([file]), &name)?;
            read(&output, kind, file, &mut result)?;
        }
    }
    let of = |files: &[&str]| files.len() as u64;
    Ok(result
        .with_work(of(&rules), "files of rules", 1)
        .with_work(of(&tests), "files of tests", 1))
}

/// Exit codes: 0, 1 for what is invalid or fails and for files that do not exist, 3 for findings of the lint.
fn read(output: &ToolOutput, kind: &str, file: &str, result: &mut ScanResult) -> Result<(), ScanError> {
    let finding = |rule: &str, message: &str| {
        Finding::new("promtool", rule, message)
            .rated(Severity::High)
            .at(file, None)
    };
    for warning in output.log_lines("WARNING: no file match pattern") {
        result.findings.push(finding(NO_RULES, warning.trim()));
    }
    let Some((_, failures)) = output.stderr.split_once("FAILED:\n") else {
        let is_success = output.stdout.lines().any(|line| line.starts_with("  SUCCESS"));
        return output.ensure(output.code == 0 && is_success, "no result");
    };
    output.ensure(matches!(output.code, 1 | 3), DISAGREEMENT)?;
    // Each failed expectation has several lines. The whole text is in the stored output.
    let words: Vec<&str> = failures.split_whitespace().collect();
    let message: String = words.join(" ").chars().take(500).collect();
    result.findings.push(finding(kind, &message));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    fn result(code: i32, out: &str, err: &str) -> Result<ScanResult, ScanError> {
        let mut result = ScanResult::default();
        read(
            &ToolOutput::of(code, out, err),
            "test-rules",
            "a.rules.test.yml",
            &mut result,
        )
        .map(|()| result)
    }

    const PASSED: &str = "Unit Testing:  a.rules.test.yml\n  SUCCESS\n\n";

    #[test]
    fn failures_and_missing_rules_are_found() {
        let failed = "  FAILED:\n    alertname: Planted, time: 1m, \n        exp:[], \n        got:[]\n";
        let findings = result(1, "Unit Testing:  a.rules.test.yml\n\n", failed)
            .unwrap()
            .findings;
        assert_eq!((findings.len(), findings[0].rule.as_str()), (1, "test-rules"));
        assert!(findings[0].message.starts_with("alertname: Planted, time: 1m"));
        assert_eq!(findings[0].path(), Some("a.rules.test.yml"));
        let lint = "  FAILED:\nlint error 1 duplicate rule(s) found.\n";
        assert_eq!(
            result(3, "Checking a.rules.yml\n", lint).unwrap().findings.len(),
            1
        );
        let findings = result(0, PASSED, "  WARNING: no file match pattern b.rules.yml\n")
            .unwrap()
            .findings;
        assert_eq!(findings[0].rule, NO_RULES);
        assert!(result(0, PASSED, "").unwrap().findings.is_empty());
    }

    #[test]
    fn no_result_is_no_pass() {
        for (code, out, err) in [
            (0, "", ""),
            (1, "", "promtool: error: path 'a' does not exist, try --help"),
            (0, "", "  FAILED:\nx\n"),
            (2, PASSED, ""),
        ] {
            assert_tool_failed(&result(code, out, err));
        }
    }
}
