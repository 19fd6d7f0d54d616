//! Gate `terraform-compliance`: what Terraform would make keeps to features in plain words.

use std::collections::BTreeMap;
use std::path::Path;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "terraform-compliance",
    title: "What Terraform would make keeps to its features",
    tools: &["terraform", "terraform-compliance"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(15),
    required_from: GateProfile::Release,
    // A module reads files of any name that lie beside it.
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "terraform-compliance",
        prepare: as_it_is,
        expects: |_| vec!["the planted resource is encrypted"],
    }),
};

/// Features lie in a folder of this name beside a root module; those above count for all roots below.
const FOLDER: &str = "compliance";

fn is_feature(path: &str) -> bool {
    path.ends_with(".feature") && owner(file_kinds::folder(path)).is_some()
}

/// The folder that a folder of features is about.
fn owner(folder: &str) -> Option<&str> {
    match folder {
        FOLDER => Some(""),
        folder => folder.strip_suffix(FOLDER)?.strip_suffix('/'),
    }
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let features = ctx.files_where(is_feature);
    if features.is_empty() {
        return Err(ScanError::NothingToScan(format!(
            "no {FOLDER}/*.feature in the tree"
        )));
    }
    let (copy, modules) = terraform::copy(ctx)?;
    let mut seen = ScanResult::default();
    let mut least = 0;
    for features_in in file_kinds::folders(&features) {
        let top = owner(features_in).unwrap_or_default();
        let is_root = |folder: &&String| {
            let inside = top.is_empty() || *folder == top || folder.starts_with(&format!("{top}/"));
            inside && !folder.split('/').any(|part| part == "modules")
        };
        for folder in modules.iter().filter(is_root) {
            let plan = plan(ctx, &copy.join(folder), &terraform::label(folder))?;
            let name = format!("{}-{}", terraform::label(features_in), terraform::label(folder));
            let command = ctx
                .tool("terraform-compliance")?
                .args(["--no-ansi", "--features"])
                .args([ctx.subject.join(features_in), "--planfile".into(), plan]);
            read(&ctx.run(&command, &name)?, features_in, &mut seen)?;
            least += 1;
        }
    }
    let scenarios = seen.tests.len() as u64;
    Ok(seen.with_work(scenarios, "scenarios", least.max(1)))
}

/// What it would make, as JSON. A backend would need its servers: the state is local, and empty.
fn plan(ctx: &ScanContext<'_>, folder: &Path, name: &str) -> Result<std::path::PathBuf, ScanError> {
    let local = "terraform {\n  backend \"local\" {}\n}\n";
    std::fs::write(folder.join("backend_override.tf"), local)?;
    terraform::init(ctx, folder, name)?;
    for args in [
        ["init", "-input=false", "-no-color"],
        ["plan", "-input=false", "-out=compliance.plan"],
    ] {
        let output = ctx.run(
            &terraform::command(ctx, folder)?.args(args),
            &format!("{}-{name}", args[0]),
        )?;
        if output.code != 0 {
            let why = terraform::first_error(&output.stderr);
            return Err(ScanError::DataUnavailable(format!("no plan of {name}: {why}")));
        }
    }
    let show = terraform::command(ctx, folder)?.args(["show", "-json", "compliance.plan"]);
    let output = ctx.run(&show, &format!("show-{name}"))?;
    let _is_a_plan: BTreeMap<String, serde_json::Value> = output.json()?;
    ctx.write_file(&format!("{name}.plan.json"), &output.stdout)
}

/// It exits with 1 for a failed scenario and for its own failures, and with 0 for scenarios that it skipped because what
/// they are about is not in the plan. Its one report is text.
fn read(output: &ToolOutput, features: &str, seen: &mut ScanResult) -> Result<(), ScanError> {
    let Some(counts) = output.stdout.lines().rev().find_map(counts) else {
        return Err(output.failed("terraform-compliance told no result"));
    };
    let scenarios = scenarios(&output.stdout);
    let of = |outcome: &str| scenarios.iter().filter(|(_, told, _)| *told == outcome).count() as u64;
    let failed = counts.failed > 0;
    if scenarios.len() as u64 != counts.all || of("failed") != counts.failed || failed != (output.code != 0) {
        return Err(output.failed("exit code and report disagree"));
    }
    for (name, outcome, why) in scenarios {
        seen.tests.push(crate::scan_result::Test {
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            tags: Vec::new(),
        });
        let severity = match outcome {
            "passed" => continue,
            "failed" => Severity::High,
            _ => Severity::Medium,
        };
        let finding = Finding::new("terraform-compliance", name, why).rated(severity);
        seen.findings.push(finding.at(format!("{features}/"), None));
    }
    Ok(())
}

struct Counts {
    all: u64,
    failed: u64,
}

/// `2 scenarios (0 passed, 1 failed, 1 skipped)`.
fn counts(line: &str) -> Option<Counts> {
    let (all, rest) = line.split_once(" scenario")?;
    let (_, rest) = rest.split_once('(')?;
    let mut parts = rest.trim_end_matches(')').split(", ");
    let failed = parts.find_map(|part| part.strip_suffix(" failed")?.parse().ok());
    Some(Counts {
        all: all.trim().parse().ok()?,
        failed: failed.unwrap_or(0),
    })
}

/// Each scenario with what came of it and why.
fn scenarios(text: &str) -> Vec<(&str, &'static str, &str)> {
    let mut scenarios = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("Scenario: ")
            .or_else(|| line.strip_prefix("Scenario Outline: "))
        {
            scenarios.push((name, "passed", ""));
        } else if let Some(last) = scenarios.last_mut() {
            let why = |start| line.strip_prefix(start).map(str::trim);
            match (why("Failure:"), why("* SKIPPING:")) {
                (Some(why), _) if last.1 != "failed" => *last = (last.0, "failed", why),
                (_, Some(why)) if last.1 == "passed" => *last = (last.0, "skipped", why),
                _ => {}
            }
        }
    }
    scenarios
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "terraform_compliance v1.16.0 initiated

Feature: what is stored is encrypted  # compliance/planted.feature

    Scenario: the planted resource is encrypted
        Given I have terraform_data defined
\t\tFailure: encrypted property in terraform_data.planted resource does not match with ^true$. It is set to False.
        And its value must be true
          Failure:        

    Scenario: a resource that is not there
\t* SKIPPING: Can not find aws_s3_bucket defined in target terraform plan.
        Given I have aws_s3_bucket defined

    Scenario: a good one
        Given I have terraform_data defined

1 features (0 passed, 1 failed)
3 scenarios (1 passed, 1 failed, 1 skipped)
6 steps (3 passed, 1 failed, 1 skipped)
";

    fn seen(code: i32, text: &str) -> Result<ScanResult, ScanError> {
        let output = ToolOutput {
            code,
            stdout: text.to_owned(),
            stderr: String::new(),
        };
        let mut seen = ScanResult::default();
        read(&output, "compliance", &mut seen).map(|()| seen)
    }

    #[test]
    fn failed_and_skipped_scenarios_are_found() {
        let seen = seen(1, TEXT).unwrap();
        let found: Vec<(&str, Severity)> = seen
            .findings
            .iter()
            .map(|one| (one.rule.as_str(), one.severity))
            .collect();
        let expected = [
            ("the planted resource is encrypted", Severity::High),
            ("a resource that is not there", Severity::Medium),
        ];
        assert_eq!(found, expected);
        assert!(seen.findings[0].message.starts_with("encrypted property"));
        assert_eq!(seen.tests.len(), 3);
    }

    #[test]
    fn what_told_no_result_or_another_than_its_exit_code_broke() {
        for (code, text) in [
            (1, "ERROR: no plan"),
            (0, TEXT),
            (1, "1 scenarios (1 passed, 0 failed)"),
        ] {
            assert!(
                matches!(seen(code, text), Err(ScanError::ToolFailed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn features_are_about_the_folder_that_they_lie_in() {
        assert!(is_feature("terraform/compliance/net.feature") && !is_feature("scenarios/rates.feature"));
        assert_eq!(
            (
                owner("terraform/compliance"),
                owner("compliance"),
                owner("noncompliance")
            ),
            (Some("terraform"), Some(""), None)
        );
    }
}
