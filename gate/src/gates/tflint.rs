//! Gate `tflint`: Terraform code is typed, documented and used.

use std::fs;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::profile::GateProfile;
use crate::sarif;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "tflint",
    title: "Terraform code has no dead or deprecated parts",
    tools: &["tflint"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(5),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| file_kinds::is_terraform(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "tflint",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "terraform_deprecated_interpolation",
                "terraform_documented_outputs",
                "terraform_typed_variables",
                "terraform_unused_declarations",
            ]
        },
    }),
};

const SETTINGS: &str = "plugin \"terraform\" {\n  enabled = true\n  preset  = \"all\"\n}\n";

/// A declaration that nothing uses, added to each folder of the copy. It answers the same for a folder in which it found
/// no file as for a clean one, so each must tell of this.
const WITNESS: (&str, &str) = ("zz_witness.tf", "locals {\n  zz_witness = 1\n}\n");

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(file_kinds::is_module_file);
    let folders = file_kinds::folders(&files);
    if folders.is_empty() {
        return Err(ScanError::NothingToScan("no *.tf in the tree".to_owned()));
    }
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
    let mut seen = read(&ctx.run(&command, "tflint")?, folders.len())?;
    seen.limits
        .push("tflint: only its rules for the language; those for azurerm are no part of it".to_owned());
    Ok(seen)
}

/// It exits with 0, with 2 for findings, with 1 for its own failures and for what it cannot parse.
fn read(output: &ToolOutput, folders: usize) -> ScanOutcome {
    if !matches!(output.code, 0 | 2) {
        return Err(output.failed("it could not look"));
    }
    let findings = sarif::findings(&output.stdout, "tflint", |path| {
        path.trim_start_matches("./").to_owned()
    })?;
    let is_witness = |path: &str| path == WITNESS.0 || path.ends_with(&format!("/{}", WITNESS.0));
    let (witnesses, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| {
        let place = finding.location.as_ref();
        place.is_some_and(|place| is_witness(&place.path))
    });
    let mut told: Vec<&str> = witnesses
        .iter()
        .filter(|finding| finding.rule == "terraform_unused_declarations")
        .filter_map(|finding| Some(finding.location.as_ref()?.path.as_str()))
        .collect();
    told.sort_unstable();
    told.dedup();
    let told = told.len() as u64;
    let seen = ScanResult {
        findings,
        ..ScanResult::default()
    };
    Ok(seen.with_work(told, "modules", folders as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ToolOutput {
            code,
            stdout: format!(r#"{{"version":"2.1.0","runs":[{}]}}"#, runs.join(",")),
            stderr: String::new(),
        }
    }

    #[test]
    fn a_folder_that_does_not_tell_of_its_witness_was_not_looked_at() {
        let unused = "terraform_unused_declarations";
        let results = [
            result(unused, "zz_witness.tf"),
            result("terraform_standard_module_structure", "b/zz_witness.tf"),
            result(unused, "a/main.tf"),
        ];
        let seen = read(&tool_output(2, &results), 2).unwrap();
        assert_eq!(seen.findings.len(), 1);
        assert_eq!((seen.work[0].count, seen.work[0].least), (1, 2));
        let empty = read(&tool_output(0, &[]), 1).unwrap();
        assert_eq!(empty.work[0].count, 0);
    }

    #[test]
    fn its_own_failures_are_no_silence() {
        assert!(matches!(
            read(&tool_output(1, &[]), 1),
            Err(ScanError::ToolFailed(_))
        ));
        let mut nothing = tool_output(0, &[]);
        nothing.stdout.clear();
        assert!(matches!(read(&nothing, 1), Err(ScanError::ToolFailed(_))));
    }
}
