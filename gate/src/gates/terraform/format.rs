//! Gate `terraform-fmt`: `terraform fmt` over every Terraform file.

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "terraform-fmt",
    title: "Terraform files are formatted",
    tools: &["terraform"],
    timeout: minutes(2),
    required_from: GateProfile::Release,
    inputs: |_, path| file_kinds::is_terraform(path),
    scan,
    expects: &["terraform-fmt"],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.require_files("*.tf", file_kinds::is_terraform)?;
    let command = terraform::command(ctx, &ctx.subject)?.args(["fmt", "-check", "-list=true", "-no-color"]);
    read(&ctx.run(&command.args(&files), "fmt")?, files.len())
}

/// Exit codes: 0, 3 for differences, 2 for files that cannot be parsed or found.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    let listed = output.stdout.lines().filter(|line| !line.trim().is_empty());
    let is_scan = matches!((output.code, listed.clone().count()), (0, 0) | (3, 1..));
    output.ensure(is_scan, "no scan")?;
    let findings = listed.map(|path| {
        let what = "not formatted: run `terraform fmt -recursive`";
        let finding = Finding::new("terraform", "terraform-fmt", what);
        finding.rated(Severity::Low).at(path, None)
    });
    Ok(ScanResult::of(findings).with_work(files as u64, "files", 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    #[test]
    fn differences_are_findings_and_unparsed_files_are_errors() {
        let tool_output = |code, stdout: &str| ToolOutput::of(code, stdout, "Error: Invalid");
        assert_eq!(read(&tool_output(3, "a/main.tf\n"), 2).unwrap().findings.len(), 1);
        assert!(read(&tool_output(0, ""), 2).unwrap().findings.is_empty());
        for output in [
            tool_output(2, ""),
            tool_output(2, "main.tf\n"),
            tool_output(3, ""),
            tool_output(1, ""),
        ] {
            assert_tool_failed(&read(&output, 1));
        }
    }
}
