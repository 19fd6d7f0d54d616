//! Gate `terraform-plan`: each root module is planned, applied without an account and planned again, and no secret is left behind.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::gates::terraform::providers::{self, Terraform};
use crate::gates::terraform::root_module::{self, Plan, Planned};
use crate::gates::terraform::secret_variables;
use crate::gates::terraform::{self, Diagnostic, Module};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};

const TOOL: &str = "terraform";

pub const GATE: Gate = Gate {
    id: "terraform-plan",
    title: "Root modules can be planned and applied, a second plan has no changes, and no secret is in a plan or state",
    tools: &[TOOL],
    timeout: minutes(5),
    required_from: GateProfile::Release,
    // Inputs are all files: a module reads files of any name in its folder.
    data: providers::revision,
    scan,
    expects: &[
        IN_PLAN,
        IN_STATE,
        NOT_PLANTED,
        SECOND_PLAN,
        "Resource precondition failed",
    ],
    ..Gate::DEFAULT
};

const IN_PLAN: &str = "secret-in-plan";
const IN_STATE: &str = "secret-in-state";
const NOT_PLANTED: &str = "secret-not-planted";
const SECOND_PLAN: &str = "changes-after-apply";

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let modules = terraform::copy(ctx)?;
    let terraform = Terraform::without_account(ctx)?;
    let roots: Vec<&Module> = modules
        .iter()
        .filter(|it| root_module::is_below(it, ""))
        .collect();
    let mut secrets = 0;
    let each = |module: &Module, result: &mut ScanResult| {
        secrets += scan_module(ctx, &terraform, module, result)?;
        Ok(())
    };
    let (mut result, scanned) = terraform::scan_each(ScanResult::default(), roots.iter().copied(), each)?;
    if secrets == 0 {
        let limit = "no root module has a secret variable: no secret was searched for";
        result.limits.push(limit.to_owned());
    }
    result.figures.push(Figure::count("secrets", secrets));
    let result = result.with_work(scanned, "root modules", 1);
    Ok(result.with_limits(terraform.limit()))
}

/// Returns the number of secrets among the variables.
fn scan_module(
    ctx: &ScanContext<'_>,
    terraform: &Terraform<'_, '_>,
    module: &Module,
    result: &mut ScanResult,
) -> Result<u64, ScanError> {
    let variables = secret_variables::read(module)?;
    result
        .findings
        .extend(variables.unplanted.iter().map(|name| not_planted(name, module)));
    let secrets = variables.planted;
    let plan = match root_module::plan(ctx, terraform, module)? {
        Planned::Made(plan) => plan,
        refused if root_module::needs_account(&refused) => {
            refused.made()?;
            return Ok(0);
        }
        Planned::Refused { diagnostics } => {
            result
                .findings
                .extend(diagnostics.iter().map(|one| one.finding(&module.folder)));
            return Ok(0);
        }
    };
    result.findings.extend(secrets_in_plan(&plan, module, &secrets)?);
    if terraform.may_apply(module) {
        let finding = apply(ctx, terraform, module, &plan, &secrets)?;
        result.findings.extend(finding);
    } else {
        let limit = format!("{} was not applied: that needs an account", module.folder);
        result.limits.push(limit);
    }
    Ok(secrets.len() as u64)
}

/// Secrets in the plan as JSON, and in the file in which it is saved, which is a ZIP archive.
fn secrets_in_plan(plan: &Plan, module: &Module, secrets: &[String]) -> Result<Option<Finding>, ScanError> {
    let json = plan.content.to_string();
    let mut places: Vec<(String, Vec<u8>)> = vec![("JSON".to_owned(), json.into_bytes())];
    places.extend(entries(&plan.saved)?);
    let found: Vec<&str> = places
        .iter()
        .filter(|(_, bytes)| secrets.iter().any(|secret| contains(bytes, secret)))
        .map(|(name, _)| name.as_str())
        .collect();
    let what = format!("a secret is in the plan: {}", found.join(", "));
    Ok((!found.is_empty()).then(|| finding(IN_PLAN, what, module)))
}

/// Name and content of each file of an archive.
fn entries(archive: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(archive)?).context("the saved plan")?;
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index)?;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Ok((entry.name()?.into_owned(), bytes))
        })
        .collect()
}

/// Applies the plan, and plans again.
fn apply(
    ctx: &ScanContext<'_>,
    terraform: &Terraform<'_, '_>,
    module: &Module,
    plan: &Plan,
    secrets: &[String],
) -> Result<Vec<Finding>, ScanError> {
    let label = &module.label;
    let command = terraform.command(&module.copy)?;
    // A saved plan has no ephemeral variables: they are given again.
    let apply = command
        .clone()
        .args(["apply", "-json", "-input=false"])
        .args(root_module::variables(module))
        .args([&plan.saved]);
    let output = ctx.run(&apply, &format!("apply-{label}"))?;
    if output.code != 0 {
        let diagnostics = terraform::diagnostics(&output.stdout);
        output.ensure(
            diagnostics.iter().any(Diagnostic::is_error),
            "no apply and no error",
        )?;
        return Ok(diagnostics
            .iter()
            .map(|one| one.finding(&module.folder))
            .collect());
    }
    let mut findings = Vec::new();
    let state = fs::read(module.copy.join("terraform.tfstate"))?;
    if secrets.iter().any(|secret| contains(&state, secret)) {
        findings.push(finding(IN_STATE, "a secret is in the state", module));
    }
    let again = command
        .args(["plan", "-json", "-input=false", "-detailed-exitcode"])
        .args(root_module::variables(module));
    let output = ctx.run(&again, &format!("second-plan-{label}"))?;
    output.ensure(matches!(output.code, 0 | 2), "no second plan")?;
    if output.code == 2 {
        let what = format!("a second plan changes {}", changed(&output.stdout).join(", "));
        findings.push(finding(SECOND_PLAN, what, module));
    }
    Ok(findings)
}

/// The addresses that a plan changes.
fn changed(lines: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Line {
        r#type: String,
        change: Change,
    }
    #[derive(Deserialize)]
    struct Change {
        resource: Resource,
    }
    #[derive(Deserialize)]
    struct Resource {
        addr: String,
    }
    let lines = lines.lines().filter_map(|line| serde_json::from_str(line).ok());
    let planned = lines.filter(|Line { r#type, .. }| r#type == "planned_change");
    planned.map(|line| line.change.resource.addr).collect()
}

fn not_planted(variable: &str, module: &Module) -> Finding {
    let (mark, file) = (secret_variables::MARK, root_module::VARIABLES);
    let what = format!(
        "no value of `{variable}` in {file} begins with `{mark}`: nothing shows that this secret is in neither plan nor state"
    );
    finding(NOT_PLANTED, what, module)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn finding(rule: &str, what: impl Into<String>, module: &Module) -> Finding {
    let finding = Finding::new(TOOL, rule, what).rated(Severity::High);
    finding.at(format!("{}/", module.folder), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_plan_are_listed() {
        let lines = r#"{"@level":"info","type":"version","terraform":"1.11.4"}
{"type":"resource_drift","change":{"resource":{"addr":"a.drifted"},"action":"update"}}
{"type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"update"}}"#;
        assert_eq!(changed(lines), ["a.b"]);
    }

    #[test]
    fn secrets_are_found_in_bytes() {
        assert!(contains(b"x canary-1 y", "canary-1") && !contains(b"canary", "canary-1"));
    }
}
