//! What `plan` and `apply` refuse, with the real Terraform; and drift.

use std::fs;

use crate::environment::{Environment, OLD};

/// L10: Only the plan that was approved is applied: another approval, another plan file, and a plan with other changes are refused.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn only_the_approved_plan_is_applied() {
    let environment = Environment::new("refusals", true);
    let path = |file: &str| environment.path(file).display().to_string();
    let printed = environment.run(&[
        "plan",
        "--image",
        "acr.sim.test/portcullis:1.0",
        "--manifest",
        &path("manifest.json"),
        "--report",
        &path("report"),
        "--figures",
        &path("image.json"),
    ]);
    assert_eq!(printed.code, Some(1));
    assert!(printed.text.contains("has no digest"), "{}", printed.text);
    let printed = environment.run(&[
        "plan",
        "--image",
        OLD,
        "--manifest",
        &path("manifest.json"),
        "--report",
        &path("report"),
        "--figures",
        &path("image.json"),
    ]);
    assert_eq!(printed.code, Some(1));
    assert!(printed.text.contains("the manifest's digest"), "{}", printed.text);

    let sha256 = environment.plan();
    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(1), "nothing was deployed: {}", printed.text);
    assert!(printed.text.contains("--to REVISION"), "{}", printed.text);
    let printed = environment.apply(&"0".repeat(64));
    assert_eq!(printed.code, Some(1));
    assert!(
        printed.text.contains("the approval is of another plan"),
        "{}",
        printed.text
    );
    let report = environment.path("target/deploy/sim/evidence/report.json");
    let text = fs::read_to_string(&report).unwrap();
    fs::write(&report, text.replace("release", "local")).unwrap();
    let printed = environment.apply(&sha256);
    assert!(
        printed.text.contains("the report was changed"),
        "{}",
        printed.text
    );
    fs::write(&report, text).unwrap();
    assert_eq!(environment.changes(), [""; 0]);
    assert_eq!(environment.journal().deploy.state.name(), "planned");

    // What the plan would change has changed since.
    environment.write_variables(2);
    let printed = environment.apply(&sha256);
    assert_eq!(printed.code, Some(1));
    let why = "the plan has changed since its approval: terraform_data.app: input.size";
    assert!(printed.text.contains(why), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--old=100"]);
    assert_eq!(environment.active(), ["app--old"], "no revision was created");

    environment.write_variables(1);
    let sha256 = environment.plan();
    fs::write(environment.path("target/deploy/sim/plan"), "another").unwrap();
    let printed = environment.apply(&sha256);
    assert!(
        printed.text.contains("is not the plan that was approved"),
        "{}",
        printed.text
    );
    assert_eq!(environment.journal().deploy.state.name(), "planned");
}

/// L10, L4: A plan that a policy denies is refused: there is nothing to approve.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_denied_plan_is_not_up_for_approval() {
    let environment = Environment::new("denied", true);
    environment.write_variables(9);
    let printed = environment.run_plan();
    assert_eq!(printed.code, Some(1), "{}", printed.text);
    let why = "SIZE-01 terraform_data.app: the size is above 8 (own:1)";
    assert!(printed.text.contains(why), "{}", printed.text);
    for file in ["planned.json", "journal.json", "plan"] {
        assert!(
            !environment.path("target/deploy/sim").join(file).exists(),
            "{file}"
        );
    }
    assert_eq!(environment.changes(), [""; 0]);
}

/// L10: Drift is a file of findings, and changes nothing.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn drift_is_found_and_nothing_is_changed() {
    let environment = Environment::new("drift", true);
    let variables = environment.path("secret.tfvars").display().to_string();
    let sarif = environment.path("target/deploy/sim/drift.sarif");
    let results = || {
        let sarif: serde_json::Value = serde_json::from_str(&fs::read_to_string(&sarif).unwrap()).unwrap();
        sarif["runs"][0]["results"].as_array().unwrap().clone()
    };
    let printed = environment.run(&["drift", "--var-file", &variables]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(results(), [] as [serde_json::Value; 0]);
    environment.write_variables(3);
    let printed = environment.run(&["drift", "--var-file", &variables]);
    assert_eq!(printed.code, Some(1), "{}", printed.text);
    assert!(
        printed
            .text
            .contains("terraform_data.app: input.size is 1, the configuration says 3"),
        "{}",
        printed.text
    );
    assert!(!results().is_empty());
    let requests = environment
        .simulator
        .group("drift", |group| group.requests.clone());
    let changes = |method: &str| requests.iter().filter(|request| request.method == method).count();
    assert_eq!(
        (
            changes("POST"),
            changes("PATCH"),
            changes("PUT"),
            changes("DELETE")
        ),
        (0, 0, 0, 0)
    );
}
