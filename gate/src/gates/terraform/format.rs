//! Gate `terraform-fmt`: every Terraform file is as Terraform writes it.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "terraform-fmt",
    title: "Terraform files are formatted",
    tools: &["terraform"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(2),
    required_from: GateProfile::Release,
    inputs: |_, path| file_kinds::is_terraform(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "terraform-fmt",
        prepare: as_it_is,
        expects: |_| vec!["terraform-fmt"],
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(file_kinds::is_terraform);
    if files.is_empty() {
        return Err(ScanError::NothingToScan(terraform::NO_FILES.to_owned()));
    }
    let command = terraform::command(ctx, &ctx.subject)?.args(["fmt", "-check", "-list=true", "-no-color"]);
    read(&ctx.run(&command.args(&files), "fmt")?, files.len())
}

/// It exits with 0, with 3 for differences, with 2 for what it cannot parse or find.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    let listed: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    match (output.code, listed.is_empty()) {
        (0, true) | (3, false) => {}
        _ => return Err(output.failed("terraform fmt could not look")),
    }
    let findings = listed.into_iter().map(|path| {
        Finding::new(
            "terraform",
            "terraform-fmt",
            "not formatted: run `terraform fmt -recursive`",
        )
        .rated(Severity::Low)
        .at(path, None)
    });
    let seen = ScanResult {
        findings: findings.collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(files as u64, "files", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_listed_and_what_cannot_be_parsed_is_no_silence() {
        let tool_output = |code, stdout: &str| ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: "Error: Invalid".to_owned(),
        };
        assert_eq!(read(&tool_output(3, "a/main.tf\n"), 2).unwrap().findings.len(), 1);
        assert!(read(&tool_output(0, ""), 2).unwrap().findings.is_empty());
        for output in [
            tool_output(2, ""),
            tool_output(2, "main.tf\n"),
            tool_output(3, ""),
            tool_output(1, ""),
        ] {
            assert!(matches!(read(&output, 1), Err(ScanError::ToolFailed(_))));
        }
    }
}
