//! Gate `checkov`: its policies for Terraform code, Dockerfiles and workflows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::definition::Gate;
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "checkov",
    title: "Terraform code, Dockerfiles and workflows follow checkov's policies",
    tools: &["checkov"],
    inputs: |_, path| is_input(path),
    scan,
    expects: &[
        "CKV_AZURE_44",
        "CKV_DOCKER_3",
        "CKV_DOCKER_7",
        "CKV_GHA_1",
        "CKV_GHA_3",
    ],
    ..Gate::DEFAULT
};

type Kind = (&'static str, &'static str, fn(&str) -> bool);

/// Kinds of files: checkov's name, ours, and which files are of it.
const KINDS: [Kind; 3] = [
    ("terraform", "Terraform files", file_kinds::is_module_file),
    ("dockerfile", "Dockerfiles", file_kinds::is_dockerfile),
    ("github_actions", "workflows", file_kinds::is_workflow),
];

/// Its ignore comments.
pub const MARKERS: [&str; 3] = ["checkov:skip", "bridgecrew:skip", "cortex:skip"];

#[derive(Deserialize)]
struct Part {
    check_type: String,
    results: Results,
    summary: Summary,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    passed_checks: Vec<Check>,
    #[serde(default)]
    failed_checks: Vec<Check>,
    #[serde(default)]
    skipped_checks: Vec<Check>,
    #[serde(default)]
    parsing_errors: Vec<String>,
}

#[derive(Deserialize)]
struct Check {
    check_id: String,
    check_name: Option<String>,
    severity: Option<String>,
    file_path: String,
    file_line_range: Vec<u64>,
    resource: String,
}

#[derive(Deserialize)]
struct Summary {
    parsing_errors: u64,
}

fn is_input(path: &str) -> bool {
    file_kinds::is_terraform(path) || KINDS.iter().any(|(_, _, is)| is(path))
}

/// Scans a copy of these files with an empty home: checkov reads settings beside what it scans and in the home.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let counts = KINDS.map(|(kind, name, is)| (kind, name, ctx.files_where(is).len()));
    let (wanted, missing): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, _, files)| *files > 0);
    if wanted.is_empty() {
        let what = "no *.tf, Dockerfile or workflow in the tree";
        return Err(ScanError::NothingToScan(what.to_owned()));
    }
    let copy = ctx.copy_named(is_input, &MARKERS, file_kinds::name_in_copy)?;
    for file in ctx.files_where(file_kinds::is_workflow) {
        let file = copy.join(file);
        fs::write(&file, with_known_permissions(&fs::read_to_string(&file)?))?;
    }
    let missing = missing
        .into_iter()
        .map(|(_, name, _)| format!("checkov: no {name} in the tree"));
    Ok(run(ctx, &copy, &wanted)?.with_limits(missing))
}

/// Scans a folder for these kinds: checkov's name, ours, and the number of files.
pub fn run(ctx: &ScanContext<'_>, folder: &Path, wanted: &[(&str, &str, usize)]) -> ScanOutcome {
    let command = ctx
        .tool("checkov")?
        .current_dir(&ctx.folder)
        .envs([("HOME", &ctx.folder)])
        .args(["--directory"])
        .args([folder])
        .args(["--framework"])
        .args(wanted.iter().map(|(kind, _, _)| *kind))
        .args(["--skip-download", "--compact", "--output=json"]);
    read(&ctx.run(&command, "checkov")?, wanted)
}

/// checkov 3.3 does not know the permission `attestations`, and skips files with it silently. Of its checks, only those of a workflow's
/// top level read permissions.
fn with_known_permissions(workflow: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("attestations:") {
        Some(level) if line.starts_with(' ') => {
            let indent = line.len() - line.trim_start().len();
            format!("{}deployments:{level}", &line[..indent])
        }
        _ => line.to_owned(),
    };
    workflow.split_inclusive('\n').map(line).collect()
}

/// Exit codes: 0, or 1 with findings; also 0 for an empty folder, a file that cannot be parsed and a check that crashed. The
/// output is a list of parts, a single part, or a bare summary.
fn read(output: &ToolOutput, wanted: &[(&str, &str, usize)]) -> ScanOutcome {
    output.ensure(matches!(output.code, 0 | 1), "no scan")?;
    let parts: Vec<Part> = match output.json()? {
        Value::Array(parts) => parts.into_iter().map(serde_json::from_value).collect(),
        part if part.get("check_type").is_some() => serde_json::from_value(part).map(|part| vec![part]),
        summary if summary.get("resource_count").is_some() => Ok(Vec::new()),
        _ => return Err(output.failed("an unknown form of report")),
    }
    .map_err(|error| output.failed(&format!("no report ({error})")))?;
    let failed = parts.iter().any(|part| !part.results.failed_checks.is_empty());
    output.ensure(output.code == i32::from(failed), DISAGREEMENT)?;
    let mut result = ScanResult::of(parts.iter().flat_map(findings));
    for (kind, name, files) in wanted {
        let files = *files as u64;
        let part = parts.iter().find(|part| part.check_type == *kind);
        let count = part.map_or(0, scanned_files);
        // No policy may apply to a Terraform file; then the report does not mention it, and the canary is the proof.
        let min = if *kind == "terraform" { 0 } else { files };
        if count < files {
            let limit = format!("checkov: policies apply to {count} of {files} {name}");
            result.limits.push(limit);
        }
        if count.max(min) > 0 {
            result = result.with_work(count, name, min);
        }
    }
    let checks = parts.iter().flat_map(checks).count() as u64;
    let crashed = output.log_lines("Failed to run check").count() as u64;
    Ok(result.with_work(checks, "checks", checks + crashed))
}

fn checks(part: &Part) -> impl Iterator<Item = &Check> {
    let results = &part.results;
    let failed = results.failed_checks.iter().chain(&results.skipped_checks);
    results.passed_checks.iter().chain(failed)
}

/// The number of files that a check mentions; the summary's count of resources is 0 for workflows.
fn scanned_files(part: &Part) -> u64 {
    let files: BTreeSet<&str> = checks(part).map(|check| check.file_path.as_str()).collect();
    files.len() as u64
}

/// Failed checks, checks that a file wants skipped, and files that could not be parsed.
fn findings(part: &Part) -> Vec<Finding> {
    let results = &part.results;
    let checks = results.failed_checks.iter().chain(&results.skipped_checks);
    let mut findings: Vec<Finding> = checks
        .map(|check| {
            let name = check.check_name.as_deref().unwrap_or_default();
            let line = check.file_line_range.first().copied();
            Finding::new("checkov", &check.check_id, format!("{name} ({})", check.resource))
                .rated(Severity::named(check.severity.as_deref().unwrap_or_default()))
                .at(relative(&check.file_path), line)
        })
        .collect();
    let unparsed = |path: &str| {
        Finding::new("checkov", "parsing-error", "cannot be parsed")
            .rated(Severity::High)
            .at(relative(path), None)
    };
    findings.extend(results.parsing_errors.iter().map(|path| unparsed(path)));
    if results.parsing_errors.is_empty() && part.summary.parsing_errors > 0 {
        findings.push(unparsed("."));
    }
    findings
}

/// Paths begin at the scanned folder, with `/`.
fn relative(path: &str) -> String {
    file_kinds::path_of_copy(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const WANTED: [(&str, &str, usize); 1] = [("dockerfile", "Dockerfiles", 1)];
    const FAILED: &str = r#"{"check_type":"dockerfile","results":{"passed_checks":[],"failed_checks":[
        {"check_id":"CKV_DOCKER_7","bc_check_id":null,"check_name":"Ensure the base image uses a non latest version tag",
         "file_path":"/Dockerfile","file_line_range":[1,1],"resource":"/Dockerfile.FROM","severity":null}],
        "skipped_checks":[],"parsing_errors":[]},
        "summary":{"passed":0,"failed":1,"skipped":0,"parsing_errors":0,"resource_count":1,"checkov_version":"3.3.30"}}"#;
    const BARE: &str = r#"{"passed":0,"failed":0,"skipped":0,"parsing_errors":0,"resource_count":0,"checkov_version":"3.3.30"}"#;

    #[test]
    fn a_permission_that_checkov_does_not_know_is_renamed() {
        let text =
            "attestations: x\n    permissions:\n      attestations: write # why\n      id-token: write\n";
        let known =
            "attestations: x\n    permissions:\n      deployments: write # why\n      id-token: write\n";
        assert_eq!(with_known_permissions(text), known);
    }

    #[test]
    fn one_part_and_a_list_are_read_alike() {
        for report in [FAILED.to_owned(), format!("[{FAILED}]")] {
            let result = read(&ToolOutput::of(1, &report, ""), &WANTED).unwrap();
            let finding = &result.findings[0];
            assert_eq!(finding.rule, "CKV_DOCKER_7");
            assert_eq!((finding.path(), finding.line()), (Some("Dockerfile"), Some(1)));
            assert!(result.work.iter().all(|work| work.count >= work.min));
        }
    }

    #[test]
    fn an_empty_folder_and_a_crashed_check_are_too_little() {
        let idle = read(&ToolOutput::of(0, BARE, ""), &WANTED).unwrap();
        assert_eq!((idle.work[0].count, idle.work[0].min), (0, 1));
        let log = "2026-11-21 [ERROR] Failed to run check CKV_AZURE_233 on /plan.json:x";
        let crashed = read(&ToolOutput::of(1, FAILED, log), &WANTED).unwrap();
        assert!(crashed.work.iter().any(|work| work.count < work.min));
    }

    #[test]
    fn terraform_files_without_a_policy_are_reported() {
        let wanted = [("terraform", "Terraform files", 2), WANTED[0]];
        let result = read(&ToolOutput::of(1, FAILED, ""), &wanted).unwrap();
        let limit = "checkov: policies apply to 0 of 2 Terraform files";
        assert_eq!(result.limits, [limit]);
        assert_eq!(result.work[0].of, "Dockerfiles");
    }

    #[test]
    fn skipped_checks_and_unparsed_files_are_findings_and_malformed_output_is_an_error() {
        let skipped = FAILED
            .replace("failed_checks", "x")
            .replace("\"skipped_checks\":[]", "\"y\":[]");
        let skipped = skipped.replace("\"x\"", "\"skipped_checks\"");
        let result = read(&ToolOutput::of(0, &skipped, ""), &WANTED).unwrap();
        assert_eq!(result.findings.len(), 1);
        let broken = r#"{"check_type":"terraform","results":{"failed_checks":[],"parsing_errors":["/main.tf"]},
            "summary":{"parsing_errors":1,"resource_count":0}}"#;
        let findings = read(&ToolOutput::of(0, broken, ""), &WANTED).unwrap().findings;
        assert_eq!(findings[0].rule, "parsing-error");
        for output in [
            ToolOutput::of(2, "", "Traceback"),
            ToolOutput::of(0, "", ""),
            ToolOutput::of(0, FAILED, ""),
            ToolOutput::of(0, "{}", ""),
        ] {
            assert_tool_failed(&read(&output, &WANTED));
        }
    }
}
