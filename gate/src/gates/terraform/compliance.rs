//! Gate `terraform-compliance`: scenarios about the plan of each root module.

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform::providers::{self, Terraform};
use crate::gates::terraform::{self, Module, root_module};
use crate::profile::GateProfile;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, Test};

pub const GATE: Gate = Gate {
    id: "terraform-compliance",
    title: "Terraform plans satisfy their compliance scenarios",
    tools: &["terraform", "terraform-compliance"],
    timeout: minutes(15),
    required_from: GateProfile::Release,
    // Inputs are all files: a module reads files of any name in its folder.
    data: providers::revision,
    scan,
    expects: &["the planted resource is encrypted"],
    ..Gate::DEFAULT
};

/// The name of folders with features. Their scenarios apply to the root modules beside and below them.
const FOLDER: &str = "compliance";

fn is_feature(path: &str) -> bool {
    path.ends_with(".feature") && root_module::owner(file_kinds::folder(path), FOLDER).is_some()
}

fn applies(features: &str, module: &Module) -> bool {
    root_module::owner(features, FOLDER).is_some_and(|top| root_module::is_below(module, top))
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let features = ctx.require_files(&format!("{FOLDER}/*.feature"), is_feature)?;
    let modules = terraform::copy(ctx)?;
    let terraform = Terraform::without_account(ctx)?;
    let folders = file_kinds::folders(&features);
    let mut runs = 0;
    let (result, _) = terraform::scan_each(ScanResult::default(), &modules, |module, result| {
        let folders: Vec<&&str> = folders.iter().filter(|it| applies(it, module)).collect();
        if folders.is_empty() {
            return Ok(());
        }
        let plan = root_module::plan(ctx, &terraform, module)?.made()?.json;
        for features in folders {
            let name = format!("{}-{}", terraform::label(features), module.label);
            let command = ctx
                .tool("terraform-compliance")?
                .args(["--no-ansi", "--features"])
                .args([ctx.subject.join(features), "--planfile".into(), plan.clone()]);
            read(&ctx.run(&command, &name)?, features, result)?;
            runs += 1;
        }
        Ok(())
    })?;
    let scenarios = result.tests.len() as u64;
    let result = result.with_limits(terraform.limit());
    Ok(result.with_work(scenarios, "scenarios", runs.max(1)))
}

/// terraform-compliance exits with 1 for a failed scenario and for its own failures, and with 0 for scenarios that it skips
/// because the plan has no such resource. Its only report is text.
fn read(output: &ToolOutput, features: &str, result: &mut ScanResult) -> Result<(), ScanError> {
    let counts = output.stdout.lines().rev().find_map(counts);
    let (all, failed) = counts.ok_or_else(|| output.failed("terraform-compliance reported no result"))?;
    let scenarios = scenarios(&output.stdout);
    let listed = scenarios
        .iter()
        .filter(|(_, outcome, _)| *outcome == "failed")
        .count();
    let agrees = scenarios.len() == all && listed == failed && (failed > 0) == (output.code != 0);
    output.ensure(agrees, DISAGREEMENT)?;
    for (name, outcome, why) in scenarios {
        result.tests.push(Test {
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
        result.findings.push(finding.at(format!("{features}/"), None));
    }
    Ok(())
}

/// The numbers of all and of failed scenarios: `2 scenarios (0 passed, 1 failed, 1 skipped)`.
fn counts(line: &str) -> Option<(usize, usize)> {
    let (all, rest) = line.split_once(" scenario")?;
    let (_, rest) = rest.split_once('(')?;
    let mut parts = rest.trim_end_matches(')').split(", ");
    let failed = parts.find_map(|part| part.strip_suffix(" failed")?.parse().ok());
    Some((all.trim().parse().ok()?, failed.unwrap_or(0)))
}

/// Each scenario with its outcome and the reason.
fn scenarios(text: &str) -> Vec<(&str, &'static str, &str)> {
    let mut scenarios: Vec<(&str, &str, &str)> = Vec::new();
    for line in text.lines().map(str::trim) {
        let after = |start: &str| line.strip_prefix(start).map(str::trim);
        if let Some(name) = after("Scenario: ").or_else(|| after("Scenario Outline: ")) {
            scenarios.push((name, "passed", ""));
        } else if let Some(last) = scenarios.last_mut() {
            match (after("Failure:"), after("* SKIPPING:")) {
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
    use crate::scan_result::assert_tool_failed;

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

    fn result(code: i32, text: &str) -> Result<ScanResult, ScanError> {
        let mut result = ScanResult::default();
        read(&ToolOutput::of(code, text, ""), "compliance", &mut result).map(|()| result)
    }

    #[test]
    fn failed_and_skipped_scenarios_are_found() {
        let result = result(1, TEXT).unwrap();
        let findings = result.findings.iter();
        let found: Vec<_> = findings.map(|one| (one.rule.as_str(), one.severity)).collect();
        let expected = [
            ("the planted resource is encrypted", Severity::High),
            ("a resource that is not there", Severity::Medium),
        ];
        assert_eq!(found, expected);
        assert!(result.findings[0].message.starts_with("encrypted property"));
        assert_eq!(result.tests.len(), 3);
    }

    #[test]
    fn a_missing_result_or_a_wrong_exit_code_is_an_error() {
        for (code, text) in [
            (1, "ERROR: no plan"),
            (0, TEXT),
            (1, "1 scenarios (1 passed, 0 failed)"),
        ] {
            assert_tool_failed(&result(code, text));
        }
    }

    #[test]
    fn features_are_in_a_folder_of_their_own() {
        assert!(is_feature("terraform/compliance/net.feature") && !is_feature("scenarios/rates.feature"));
    }
}
