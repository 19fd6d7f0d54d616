//! Gate `terraform-validate`: `terraform validate` in every module, with its providers.

use serde::Deserialize;

use crate::definition::Gate;
use crate::gates::terraform::providers::{self, Terraform};
use crate::gates::terraform::{self, Diagnostic};
use crate::profile::GateProfile;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "terraform-validate",
    title: "Terraform modules are valid",
    tools: &["terraform"],
    required_from: GateProfile::Release,
    // Inputs are all files: a module reads files of any name in its folder.
    data: providers::revision,
    scan,
    expects: &["Unsupported argument"],
    ..Gate::DEFAULT
};

#[derive(Deserialize)]
struct Report {
    valid: bool,
    error_count: usize,
    diagnostics: Vec<Diagnostic>,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let modules = terraform::copy(ctx)?;
    let (result, scanned) = Terraform::new(ctx).run_each(&modules, ["validate", "-json"], read)?;
    Ok(result.with_work(scanned, "modules", 1))
}

/// Exit codes: 0, or 1 for errors. A folder without a file would be valid too, but every module has one.
fn read(output: &ToolOutput, folder: &str, result: &mut ScanResult) -> Result<(), ScanError> {
    let report: Report = output.json()?;
    let errors = report.diagnostics.iter().filter(|one| one.is_error()).count();
    let is_valid = [report.valid, output.code == 0, errors == 0];
    let agrees = is_valid.iter().all(|one| *one == report.valid) && errors == report.error_count;
    output.ensure(agrees, DISAGREEMENT)?;
    let findings = report.diagnostics.iter().map(|one| one.finding(folder));
    result.findings.extend(findings);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Severity};
    use crate::scan_result::assert_tool_failed;

    const WRONG: &str = r#"{"format_version":"1.0","valid":false,"error_count":1,"warning_count":0,"diagnostics":[
        {"severity":"error","summary":"Unsupported argument","detail":"An argument named \"nothing\" is not expected here.",
         "range":{"filename":"main.tf","start":{"line":7,"column":3,"byte":104},"end":{"line":7,"column":10,"byte":111}}}]}"#;
    const RIGHT: &str =
        r#"{"format_version":"1.0","valid":true,"error_count":0,"warning_count":0,"diagnostics":[]}"#;

    fn findings(code: i32, stdout: &str) -> Result<Vec<Finding>, ScanError> {
        let mut result = ScanResult::default();
        read(&ToolOutput::of(code, stdout, ""), "terraform/a", &mut result)?;
        Ok(result.findings)
    }

    #[test]
    fn errors_are_findings_and_a_wrong_exit_code_is_an_error() {
        let wrong = &findings(1, WRONG).unwrap()[0];
        assert_eq!(
            (wrong.rule.as_str(), wrong.severity),
            ("Unsupported argument", Severity::High)
        );
        assert_eq!(wrong.path(), Some("terraform/a/main.tf"));
        assert!(findings(0, RIGHT).unwrap().is_empty());
        for (code, stdout) in [(0, WRONG), (1, RIGHT), (1, ""), (0, "{}")] {
            let result = findings(code, stdout);
            assert_tool_failed(&result);
        }
    }
}
