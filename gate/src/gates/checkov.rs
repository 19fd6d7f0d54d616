//! Gate `checkov`: Terraform code, Dockerfiles and workflows against its policies.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "checkov",
    title: "Terraform code, Dockerfiles and workflows keep to policies",
    tools: &["checkov"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| is_input(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "checkov",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "CKV_AZURE_44",
                "CKV_DOCKER_3",
                "CKV_DOCKER_7",
                "CKV_GHA_1",
                "CKV_GHA_3",
            ]
        },
    }),
};

type Kind = (&'static str, &'static str, fn(&str) -> bool);

/// What it looks at: its name for the kind, ours, and which files are of it.
const KINDS: [Kind; 3] = [
    ("terraform", "Terraform files", file_kinds::is_module_file),
    ("dockerfile", "Dockerfiles", file_kinds::is_dockerfile),
    ("github_actions", "workflows", file_kinds::is_workflow),
];

/// Its inline ignores.
const MARKERS: [&str; 3] = ["checkov:skip", "bridgecrew:skip", "cortex:skip"];

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

/// Over a copy of just these files, and with an empty home: it reads settings beside what it scans and in the home.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let wanted: Vec<(&str, &str, usize)> = KINDS
        .iter()
        .map(|(kind, name, is)| (*kind, *name, ctx.files_where(*is).len()))
        .filter(|(_, _, files)| *files > 0)
        .collect();
    if wanted.is_empty() {
        return Err(ScanError::NothingToScan(
            "no *.tf, Dockerfile or workflow in the tree".to_owned(),
        ));
    }
    let checkov = ctx.tool("checkov")?;
    let copy = ctx.copy_named(is_input, &MARKERS, file_kinds::name_in_copy)?;
    let command = checkov
        .current_dir(&ctx.folder)
        .envs([("HOME", &ctx.folder)])
        .args(["--directory".into(), copy])
        .args(["--framework"])
        .args(wanted.iter().map(|(kind, _, _)| *kind))
        .args(["--skip-download", "--compact", "--output=json"]);
    let mut seen = read(&ctx.run(&command, "checkov")?, &wanted)?;
    let missing = KINDS
        .iter()
        .filter(|(kind, _, _)| wanted.iter().all(|(other, _, _)| other != kind));
    seen.limits
        .extend(missing.map(|(_, name, _)| format!("checkov: no {name} in the tree")));
    Ok(seen)
}

/// It exits with 0, or 1 for findings; with 0 as well for an empty folder, for a file that it cannot parse and for a
/// check that crashed. It answers a list, one part alone, or a bare summary.
fn read(output: &ToolOutput, wanted: &[(&str, &str, usize)]) -> ScanOutcome {
    if !matches!(output.code, 0 | 1) {
        return Err(output.failed("it could not look"));
    }
    let parts: Vec<Part> = match output.json()? {
        Value::Array(parts) => parts.into_iter().map(serde_json::from_value).collect(),
        Value::Object(part) if part.contains_key("check_type") => {
            serde_json::from_value(Value::Object(part)).map(|part| vec![part])
        }
        Value::Object(bare) if bare.contains_key("resource_count") => Ok(Vec::new()),
        _ => return Err(output.failed("a report of no form that it has")),
    }
    .map_err(|error| output.failed(&format!("no report ({error})")))?;
    let failed = parts.iter().any(|part| !part.results.failed_checks.is_empty());
    if output.code != i32::from(failed) {
        return Err(output.failed("exit code and report disagree"));
    }
    let mut seen = ScanResult {
        findings: parts.iter().flat_map(findings).collect(),
        ..ScanResult::default()
    };
    for (kind, name, files) in wanted {
        let part = parts.iter().find(|part| part.check_type == *kind);
        let count = part.map_or(0, looked_at);
        // Terraform files may hold nothing that a policy is about: then it tells of none, and the planted one is the proof.
        let least = if *kind == "terraform" { 0 } else { *files as u64 };
        if count < *files as u64 {
            seen.limits
                .push(format!("checkov: policies are about {count} of {files} {name}"));
        }
        if count.max(least) > 0 {
            seen = seen.with_work(count, name, least);
        }
    }
    let checks: u64 = parts.iter().map(|part| checks(part).count() as u64).sum();
    let crashed = output
        .stderr
        .lines()
        .filter(|line| line.contains("Failed to run check"))
        .count() as u64;
    Ok(seen.with_work(checks, "checks", checks + crashed))
}

fn checks(part: &Part) -> impl Iterator<Item = &Check> {
    let Results {
        passed_checks,
        failed_checks,
        skipped_checks,
        ..
    } = &part.results;
    passed_checks.iter().chain(failed_checks).chain(skipped_checks)
}

/// The files of which a check tells; its own count of resources is 0 for workflows.
fn looked_at(part: &Part) -> u64 {
    let files: BTreeSet<&str> = checks(part).map(|check| check.file_path.as_str()).collect();
    files.len() as u64
}

/// What failed, what something in the file wants skipped, and what could not be parsed.
fn findings(part: &Part) -> Vec<Finding> {
    let Results {
        failed_checks,
        skipped_checks,
        parsing_errors,
        ..
    } = &part.results;
    let mut findings: Vec<Finding> = failed_checks
        .iter()
        .chain(skipped_checks)
        .map(|check| {
            let name = check.check_name.as_deref().unwrap_or_default();
            let line = check.file_line_range.first().copied().filter(|line| *line > 0);
            Finding::new("checkov", &check.check_id, format!("{name} ({})", check.resource))
                .rated(Severity::named(check.severity.as_deref().unwrap_or_default()))
                .at(relative(&check.file_path), line)
        })
        .collect();
    let unparsed = |path: &str| {
        Finding::new("checkov", "parsing-error", "it cannot be parsed")
            .rated(Severity::High)
            .at(relative(path), None)
    };
    findings.extend(parsing_errors.iter().map(|path| unparsed(path)));
    if parsing_errors.is_empty() && part.summary.parsing_errors > 0 {
        findings.push(unparsed("."));
    }
    findings
}

/// Its paths begin at the scanned folder, with `/`.
fn relative(path: &str) -> String {
    file_kinds::path_of_copy(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [(&str, &str, usize); 1] = [("dockerfile", "Dockerfiles", 1)];
    const FAILED: &str = r#"{"check_type":"dockerfile","results":{"passed_checks":[],"failed_checks":[
        {"check_id":"CKV_DOCKER_7","bc_check_id":null,"check_name":"Ensure the base image uses a non latest version tag",
         "file_path":"/Dockerfile","file_line_range":[1,1],"resource":"/Dockerfile.FROM","severity":null}],
        "skipped_checks":[],"parsing_errors":[]},
        "summary":{"passed":0,"failed":1,"skipped":0,"parsing_errors":0,"resource_count":1,"checkov_version":"3.3.30"}}"#;
    const BARE: &str = r#"{"passed":0,"failed":0,"skipped":0,"parsing_errors":0,"resource_count":0,"checkov_version":"3.3.30"}"#;

    fn tool_output(code: i32, stdout: &str, stderr: &str) -> ToolOutput {
        ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn one_part_and_a_list_are_read_alike() {
        for report in [FAILED.to_owned(), format!("[{FAILED}]")] {
            let seen = read(&tool_output(1, &report, ""), &WANTED).unwrap();
            let place = seen.findings[0].location.as_ref().unwrap();
            assert_eq!(seen.findings[0].rule, "CKV_DOCKER_7");
            assert_eq!((place.path.as_str(), place.line), ("Dockerfile", Some(1)));
            assert!(seen.work.iter().all(|work| work.count >= work.least));
        }
    }

    #[test]
    fn an_empty_folder_and_a_crashed_check_are_too_little() {
        let idle = read(&tool_output(0, BARE, ""), &WANTED).unwrap();
        assert_eq!((idle.work[0].count, idle.work[0].least), (0, 1));
        let log = "2026-11-21 [ERROR] Failed to run check CKV_AZURE_233 on /plan.json:x";
        let crashed = read(&tool_output(1, FAILED, log), &WANTED).unwrap();
        assert!(crashed.work.iter().any(|work| work.count < work.least));
    }

    #[test]
    fn terraform_files_that_no_policy_is_about_are_told() {
        let wanted = [("terraform", "Terraform files", 2), WANTED[0]];
        let seen = read(&tool_output(1, FAILED, ""), &wanted).unwrap();
        assert_eq!(
            seen.limits,
            ["checkov: policies are about 0 of 2 Terraform files"]
        );
        assert_eq!(seen.work[0].of, "Dockerfiles");
    }

    #[test]
    fn what_it_skips_or_cannot_parse_is_found_and_nonsense_is_no_silence() {
        let skipped = FAILED
            .replace("failed_checks", "x")
            .replace("\"skipped_checks\":[]", "\"y\":[]");
        let skipped = skipped.replace("\"x\"", "\"skipped_checks\"");
        assert_eq!(
            read(&tool_output(0, &skipped, ""), &WANTED)
                .unwrap()
                .findings
                .len(),
            1
        );
        let broken = r#"{"check_type":"terraform","results":{"failed_checks":[],"parsing_errors":["/main.tf"]},
            "summary":{"parsing_errors":1,"resource_count":0}}"#;
        let findings = read(&tool_output(0, broken, ""), &WANTED).unwrap().findings;
        assert_eq!(findings[0].rule, "parsing-error");
        for output in [
            tool_output(2, "", "Traceback"),
            tool_output(0, "", ""),
            tool_output(0, FAILED, ""),
            tool_output(0, "{}", ""),
        ] {
            assert!(
                matches!(read(&output, &WANTED), Err(ScanError::ToolFailed(_))),
                "{output:?}"
            );
        }
    }
}
