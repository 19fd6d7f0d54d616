//! Gate `terraform-policies`: the repository's policies pass their own tests, and deny nothing in the plan of a root module.

use serde::Deserialize;

use crate::config;
use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform::providers::{self, Terraform};
use crate::gates::terraform::{self, Module, root_module};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult, Test};

const TOOL: &str = "plan-policies";

pub const GATE: Gate = Gate {
    id: "terraform-policies",
    title: "Terraform plans satisfy the repository's policies, and each rule denies its bad plan",
    tools: &["terraform"],
    // The first run builds the program that evaluates policies.
    timeout: minutes(15),
    required_from: GateProfile::Release,
    // Inputs are all files: a module reads files of any name in its folder.
    data: providers::revision,
    scan,
    expects: &["PLANTED-01", NOT_DENIED, DENIED, UNTESTED],
    ..Gate::DEFAULT
};

/// The name of folders with policies. They apply to the root modules beside and below them.
const FOLDER: &str = "policies";

const NOT_DENIED: &str = "bad-plan-not-denied";
const DENIED: &str = "denied-unexpectedly";
const UNTESTED: &str = "rule-without-bad-plan";

/// What the command prints without a plan.
#[derive(Deserialize)]
struct Tested {
    /// How many there are.
    rules: u64,
    fixtures: Vec<Fixture>,
    untested: Vec<String>,
}

/// What it prints with a plan.
#[derive(Deserialize)]
struct Judged {
    denials: Vec<Denial>,
}

#[derive(Deserialize)]
struct Fixture {
    name: String,
    missing: Vec<Expected>,
    unexpected: Vec<Expected>,
    controls: Vec<String>,
}

#[derive(Deserialize)]
struct Expected {
    rule: String,
    address: String,
}

#[derive(Deserialize)]
struct Denial {
    rule: String,
    address: String,
    message: String,
    control: String,
}

fn is_policy(path: &str) -> bool {
    path.ends_with(".rego") && root_module::owner(file_kinds::folder(path), FOLDER).is_some()
}

fn applies(policies: &str, module: &Module) -> bool {
    root_module::owner(policies, FOLDER).is_some_and(|top| root_module::is_below(module, top))
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let policies = ctx.require_files(&format!("{FOLDER}/*.rego"), is_policy)?;
    let settings = config::needed(ctx.config().terraform.as_ref(), "terraform")?;
    let folders = file_kinds::folders(&policies);
    let command = |folder: &str| {
        let place = ctx.subject.join(folder).display().to_string();
        settings.policies.command(ctx.context(), &[("policies", &place)])
    };
    let mut result = ScanResult::default();
    let mut rules = 0;
    for folder in &folders {
        let output = ctx.run_ok(&command(folder), &terraform::label(folder))?;
        let tested: Tested = output.json()?;
        rules += tested.rules;
        read_tests(tested, folder, &mut result);
    }
    let modules = terraform::copy(ctx)?;
    let terraform = Terraform::without_account(ctx)?;
    let mut plans = 0;
    let (result, _) = terraform::scan_each(result, &modules, |module, result| {
        let folders: Vec<&&str> = folders.iter().filter(|it| applies(it, module)).collect();
        if folders.is_empty() {
            return Ok(());
        }
        let plan = root_module::plan(ctx, &terraform, module)?.made()?;
        for folder in folders {
            let name = format!("{}-{}", terraform::label(folder), module.label);
            let judged: Judged = ctx.run_ok(&command(folder).args([&plan.json]), &name)?.json()?;
            read_denials(&judged.denials, module, result);
        }
        plans += 1;
        Ok(())
    })?;
    Ok(result
        .with_work(rules, "rules", 1)
        .with_work(plans, "plans", 1)
        .with_limits(terraform.limit()))
}

fn read_tests(tested: Tested, folder: &str, result: &mut ScanResult) {
    for fixture in tested.fixtures {
        let passed = fixture.missing.is_empty() && fixture.unexpected.is_empty();
        let file = format!("{folder}/tests/{}.json", fixture.name);
        for (rule, all) in [(NOT_DENIED, fixture.missing), (DENIED, fixture.unexpected)] {
            let names: Vec<_> = all
                .iter()
                .map(|it| format!("{} at {}", it.rule, it.address))
                .collect();
            if !names.is_empty() {
                result.findings.push(finding(rule, names.join(", "), &file));
            }
        }
        result.tests.push(Test {
            name: format!("{folder} {}", fixture.name),
            outcome: if passed { "passed" } else { "failed" }.to_owned(),
            tags: fixture.controls,
        });
    }
    for rule in tested.untested {
        let what = format!("no bad plan shows that {rule} denies anything");
        let file = format!("{folder}/tests/{rule}.json");
        result.findings.push(finding(UNTESTED, what, &file));
    }
}

fn read_denials(denials: &[Denial], module: &Module, result: &mut ScanResult) {
    for denial in denials {
        let what = format!("{} ({})", denial.message, denial.control);
        let place = terraform::below(&module.folder, &denial.address);
        result.findings.push(finding(&denial.rule, what, &place));
    }
}

fn finding(rule: &str, what: String, place: &str) -> Finding {
    Finding::new(TOOL, rule, what)
        .rated(Severity::High)
        .at(place, None)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const TESTED: &str = r#"{"rules": 3, "untested": ["B-01"],
        "fixtures": [
            {"name": "good", "missing": [], "unexpected": [], "controls": []},
            {"name": "A-01", "missing": [], "unexpected": [], "controls": ["asvs:v5.0.0-12.2.1"]},
            {"name": "A-02", "missing": [{"rule": "A-02", "address": "x.y"}],
             "unexpected": [{"rule": "A-01", "address": "x.z"}], "controls": []}]}"#;
    const JUDGED: &str = r#"{"denials": [
        {"rule": "A-01", "address": "module.m.x.y", "message": "not allowed", "control": "mcsb:NS-2"}]}"#;

    #[test]
    fn denials_and_failed_tests_are_findings() {
        let module = Module {
            folder: "terraform/a".to_owned(),
            copy: PathBuf::new(),
            label: String::new(),
        };
        let mut result = ScanResult::default();
        read_tests(
            serde_json::from_str(TESTED).unwrap(),
            "terraform/policies",
            &mut result,
        );
        let judged: Judged = serde_json::from_str(JUDGED).unwrap();
        read_denials(&judged.denials, &module, &mut result);
        let found: Vec<_> = result
            .findings
            .iter()
            .map(|one| (one.rule.as_str(), one.path().unwrap()))
            .collect();
        let expected = [
            (NOT_DENIED, "terraform/policies/tests/A-02.json"),
            (DENIED, "terraform/policies/tests/A-02.json"),
            (UNTESTED, "terraform/policies/tests/B-01.json"),
            ("A-01", "terraform/a/module.m.x.y"),
        ];
        assert_eq!(found, expected);
        let outcomes: Vec<_> = result.tests.iter().map(|test| test.outcome.as_str()).collect();
        assert_eq!(outcomes, ["passed", "passed", "failed"]);
        assert_eq!(result.tests[1].tags, ["asvs:v5.0.0-12.2.1"]);
    }

    #[test]
    fn policies_are_in_a_folder_of_their_own() {
        assert!(is_policy("terraform/policies/app.rego") && is_policy("policies/app.rego"));
        assert!(!is_policy("terraform/policies/lib/app.rego") && !is_policy("vault/app.rego"));
    }
}
