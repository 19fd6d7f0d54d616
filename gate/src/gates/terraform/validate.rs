//! Gate `terraform-validate`: every Terraform module fits together and fits its providers.

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::gates::terraform::{self, Diagnostic};
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "terraform-validate",
    title: "Terraform modules are valid",
    tools: &["terraform"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Release,
    // A module reads files of any name that lie beside it.
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "terraform-validate",
        prepare: as_it_is,
        expects: |_| vec!["Unsupported argument"],
    }),
};

#[derive(Deserialize)]
struct Report {
    valid: bool,
    error_count: usize,
    diagnostics: Vec<Diagnostic>,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let (copy, folders) = terraform::copy(ctx)?;
    let mut seen = ScanResult::default();
    for folder in &folders {
        let (place, name) = (copy.join(folder), terraform::label(folder));
        terraform::init(ctx, &place, &name)?;
        let command = terraform::command(ctx, &place)?.args(["validate", "-json"]);
        let output = ctx.run(&command, &format!("validate-{name}"))?;
        seen.findings.extend(read(&output, folder)?);
    }
    let count = folders.len() as u64;
    Ok(seen.with_work(count, "modules", 1))
}

/// It exits with 0 or, for errors, with 1. A folder without a file is valid to it: there is none among ours.
fn read(output: &ToolOutput, folder: &str) -> Result<Vec<Finding>, crate::scan_result::ScanError> {
    let report: Report = output.json()?;
    let errors = report
        .diagnostics
        .iter()
        .filter(|one| one.severity == "error")
        .count();
    if report.valid != (output.code == 0) || report.valid != (errors == 0) || errors != report.error_count {
        return Err(output.failed("exit code and report disagree"));
    }
    let findings = report.diagnostics.into_iter().map(|one| {
        let line = one.detail.lines().next().unwrap_or_default();
        let finding = Finding::new("terraform", one.summary, line).rated(Severity::named(&one.severity));
        match one.range {
            Some(range) => finding.at(terraform::below(folder, &range.filename), Some(range.start.line)),
            None => finding,
        }
    });
    Ok(findings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::ScanError;

    const WRONG: &str = r#"{"format_version":"1.0","valid":false,"error_count":1,"warning_count":0,"diagnostics":[
        {"severity":"error","summary":"Unsupported argument","detail":"An argument named \"nothing\" is not expected here.",
         "range":{"filename":"main.tf","start":{"line":7,"column":3,"byte":104},"end":{"line":7,"column":10,"byte":111}}}]}"#;
    const RIGHT: &str =
        r#"{"format_version":"1.0","valid":true,"error_count":0,"warning_count":0,"diagnostics":[]}"#;

    fn tool_output(code: i32, stdout: &str) -> ToolOutput {
        ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn errors_are_read_and_disagreement_is_no_silence() {
        let findings = read(&tool_output(1, WRONG), "terraform/a").unwrap();
        assert_eq!(
            (findings[0].rule.as_str(), findings[0].severity),
            ("Unsupported argument", Severity::High)
        );
        assert_eq!(findings[0].location.as_ref().unwrap().path, "terraform/a/main.tf");
        assert!(read(&tool_output(0, RIGHT), "").unwrap().is_empty());
        for output in [
            tool_output(0, WRONG),
            tool_output(1, RIGHT),
            tool_output(1, ""),
            tool_output(0, "{}"),
        ] {
            assert!(matches!(read(&output, ""), Err(ScanError::ToolFailed(_))));
        }
    }
}
