//! Plans of this repository's code are judged by its policies before anyone can approve them; Terraform's output is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use rollout::invocation::{Invocation, Module, Program, Variables};
use rollout::planning::{self, Planned};
use rollout::runner::{Ended, Runner};
use serde_json::Value;
use tempfile::TempDir;

/// A Terraform that makes this plan.
struct Terraform {
    plan: Value,
    file: PathBuf,
    /// Of `plan`.
    code: i32,
}

impl Runner for Terraform {
    fn run_once(&self, invocation: &Invocation) -> Result<Ended> {
        assert_eq!(invocation.program, Program::Terraform);
        let (code, stdout) = match invocation.args[1].as_str() {
            "init" => (0, String::new()),
            "plan" => {
                fs::write(&self.file, "plan")?;
                (self.code, String::new())
            }
            "show" => (0, self.plan.to_string()),
            other => bail!("terraform {other}"),
        };
        let stderr = String::new();
        let code = Some(code);
        Ok(Ended { code, stdout, stderr })
    }

    fn pause(&self, _time: Duration) -> Result<()> {
        bail!("no command fails")
    }
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform/policies")
}

/// The plan of production, which passes.
fn production() -> Value {
    let file = policies().join("tests/production.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Plans; returns also the folder of the plan's file.
fn plan(plan: Value, code: i32, policies: &Path) -> (Result<Planned>, TempDir) {
    plan_accepting(plan, code, policies, false)
}

fn plan_accepting(
    plan: Value,
    code: i32,
    policies: &Path,
    accepts_app_changes: bool,
) -> (Result<Planned>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan");
    let module = Module {
        root: Path::new("root"),
        var_files: &[],
        backend_configs: &[],
    };
    let variables = Variables {
        app_image: "app".to_owned(),
        job_image: "job".to_owned(),
        suffix: "new".to_owned(),
    };
    let terraform = Terraform {
        plan,
        file: file.clone(),
        code,
    };
    let planned = planning::plan(
        &terraform,
        &module,
        &variables,
        &file,
        policies,
        accepts_app_changes,
    );
    (planned, folder)
}

/// L10: A plan that no policy denies goes on to its approval.
#[test]
fn a_plan_that_no_policy_denies_can_be_approved() {
    for (code, has_changes) in [(2, true), (0, false)] {
        let (planned, folder) = plan(production(), code, &policies());
        let planned = planned.unwrap();
        assert_eq!((planned.json, planned.has_changes), (production(), has_changes));
        assert!(folder.path().join("plan").exists());
    }
}

/// L10, L4: A plan that a policy denies is refused with rules and addresses, and is not left behind, whether it changes anything or not.
#[test]
fn a_denied_plan_is_refused_before_its_approval() {
    let app = "module.stack.module.app.azurerm_container_app.main";
    let mut denied = production();
    let changes = denied["resource_changes"].as_array_mut().unwrap();
    let change = changes
        .iter_mut()
        .find(|change| change["address"] == app)
        .unwrap();
    let ingress = &mut change["change"]["after"]["ingress"][0];
    ingress["allow_insecure_connections"] = true.into();
    ingress["ip_security_restriction"] = serde_json::json!([]);
    for code in [2, 0] {
        let (planned, folder) = plan(denied.clone(), code, &policies());
        let error = planned.unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        let expected = [
            "policies deny the plan:".to_owned(),
            format!("  ACA-01 {app}: the ingress accepts plain HTTP (asvs:v5.0.0-12.2.1)"),
            format!(
                "  ACA-04 {app}: the ingress is not restricted to the networks of Allow rules (mcsb:NS-1)"
            ),
        ];
        assert_eq!(lines, expected);
        assert!(!folder.path().join("plan").exists());
    }
}

/// L10: A plan that changes the app for its old revision, too, is refused unless that was accepted.
#[test]
fn a_change_of_the_app_as_a_whole_must_be_accepted() {
    let lenient = tempfile::tempdir().unwrap();
    fs::write(lenient.path().join("lenient.rego"), "package lenient\n").unwrap();
    let update = |port: u16| {
        let app = |port: u16, suffix: &str| {
            serde_json::json!({
                "ingress": [{"target_port": port}], "template": [{"revision_suffix": suffix}],
            })
        };
        let change = serde_json::json!({
            "actions": ["update"], "before": app(3000, "old"), "after": app(port, "new"), "after_unknown": {},
        });
        serde_json::json!({"format_version": "1.2", "resource_changes": [
            {"address": "app", "type": "azurerm_container_app", "mode": "managed", "change": change},
        ]})
    };
    let (planned, _folder) = plan(update(3000), 2, lenient.path());
    assert_eq!(planned.unwrap().app_changes, [""; 0], "a new revision only");
    let (planned, folder) = plan(update(8080), 2, lenient.path());
    let error = planned.unwrap_err().to_string();
    assert!(
        error.ends_with("--accept-app-changes:\n  app: ingress.0.target_port"),
        "{error}"
    );
    assert!(!folder.path().join("plan").exists());
    let (planned, folder) = plan_accepting(update(8080), 2, lenient.path(), true);
    assert_eq!(planned.unwrap().app_changes, ["app: ingress.0.target_port"]);
    assert!(folder.path().join("plan").exists());
}

/// L10: A plan that cannot be judged is refused, too.
#[test]
fn a_plan_that_cannot_be_judged_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let (planned, folder) = plan(production(), 2, empty.path());
    let error = format!("{:#}", planned.unwrap_err());
    assert!(error.contains("no policy in"), "{error}");
    assert!(!folder.path().join("plan").exists(), "nothing was planned");
    let failing = "package failing\nimport rego.v1\ndeny contains to_number(\"x\")\n";
    fs::write(empty.path().join("failing.rego"), failing).unwrap();
    let (planned, folder) = plan(production(), 2, empty.path());
    let error = format!("{:#}", planned.unwrap_err());
    assert!(error.starts_with("judging the plan: "), "{error}");
    assert!(!folder.path().join("plan").exists());
}
