//! Gate `tflint`: its rules for the Terraform language.

use std::collections::BTreeSet;
use std::fs;

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::Finding;
use crate::sarif;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "tflint",
    title: "Terraform code is typed, documented and without unused or deprecated parts",
    tools: &["tflint"],
    timeout: minutes(5),
    inputs: |_, path| file_kinds::is_terraform(path),
    scan,
    expects: &[
        "terraform_deprecated_interpolation",
        "terraform_documented_outputs",
        "terraform_typed_variables",
        UNUSED,
    ],
    ..Gate::DEFAULT
};

const UNUSED: &str = "terraform_unused_declarations";

const SETTINGS: &str = "plugin \"terraform\" {\n  enabled = true\n  preset  = \"all\"\n}\n";

/// An unused declaration that is added to each folder of the copy. tflint does not report which folders it has scanned, so
/// it must report this in each.
const WITNESS: (&str, &str) = ("zz_witness.tf", "locals {\n  zz_witness = 1\n}\n");

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.require_files("*.tf", file_kinds::is_module_file)?;
    let folders = file_kinds::folders(&files);
    let settings = ctx.write_file("tflint.hcl", SETTINGS)?;
    let tflint = ctx.tool("tflint")?;
    let copy = ctx.copy(file_kinds::is_terraform, &["tflint-ignore"])?;
    for folder in &folders {
        fs::write(copy.join(folder).join(WITNESS.0), WITNESS.1)?;
    }
    let command = tflint
        .current_dir(&copy)
        .args(["--recursive", "--format=sarif", "--no-color", "--config"])
        .args([settings]);
    let limit = "tflint: only rules for the language, none for azurerm".to_owned();
    Ok(read(&ctx.run(&command, "tflint")?, folders.len())?.with_limits([limit]))
}

/// Exit codes: 0, 2 with findings, 1 for its own failures and for files that it cannot parse.
fn read(output: &ToolOutput, folders: usize) -> ScanOutcome {
    output.ensure(matches!(output.code, 0 | 2), "no scan")?;
    let relative = |path: &str| path.trim_start_matches("./").to_owned();
    let findings = sarif::findings(&output.stdout, "tflint", relative)?;
    let is_witness = |finding: &Finding| {
        let path = finding.path().unwrap_or_default();
        path.rsplit('/').next() == Some(WITNESS.0)
    };
    let (witnesses, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_witness);
    let unused = witnesses.iter().filter(|finding| finding.rule == UNUSED);
    let scanned: BTreeSet<_> = unused.map(|finding| finding.path()).collect();
    Ok(ScanResult::of(findings).with_work(scanned.len() as u64, "modules", folders as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    fn result(rule: &str, path: &str) -> String {
        format!(
            r#"{{"ruleId":"{rule}","level":"warning","message":{{"text":"t"}},"locations":[{{"physicalLocation":
                {{"artifactLocation":{{"uri":"{path}"}},"region":{{"startLine":1}}}}}}]}}"#
        )
    }

    fn tool_output(code: i32, results: &[String]) -> ToolOutput {
        let run = |name: &str, results: &str| {
            format!(r#"{{"tool":{{"driver":{{"name":"{name}","rules":[]}}}},"results":[{results}]}}"#)
        };
        let runs = [run("tflint", &results.join(",")), run("tflint-errors", "")];
        let log = format!(r#"{{"version":"2.1.0","runs":[{}]}}"#, runs.join(","));
        ToolOutput::of(code, &log, "")
    }

    #[test]
    fn a_folder_without_a_finding_in_its_witness_was_not_scanned() {
        let results = [
            result(UNUSED, "zz_witness.tf"),
            result("terraform_standard_module_structure", "b/zz_witness.tf"),
            result(UNUSED, "a/main.tf"),
        ];
        let scan = read(&tool_output(2, &results), 2).unwrap();
        assert_eq!(scan.findings.len(), 1);
        assert_eq!((scan.work[0].count, scan.work[0].min), (1, 2));
        let empty = read(&tool_output(0, &[]), 1).unwrap();
        assert_eq!(empty.work[0].count, 0);
    }

    #[test]
    fn its_own_failures_are_errors() {
        for output in [tool_output(1, &[]), ToolOutput::of(0, "", "")] {
            assert_tool_failed(&read(&output, 1));
        }
    }
}
