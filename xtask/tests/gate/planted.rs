//! One planted fault fails at just the gates that look for it, in the repository as it is now.

use std::collections::BTreeMap;

use super::checkout::{Checkout, words};

/// Gates that need no tool but the compiler's own.
const OURS: &[&str] = &["fmt", "tidy", "waivers", "commits"];

/// Gates of other people's tools that read files.
const SCANNERS: &[&str] = &[
    "hadolint",
    "zizmor",
    "actionlint",
    "gitleaks",
    "trivy-secrets",
    "trivy-config",
    "checkov",
    "tflint",
    "terraform-fmt",
    "terraform-validate",
    "terraform-test",
    "terraform-compliance",
];

/// Gates that read what cargo knows. They see one dependency from several sides.
const DEPENDENCIES: &[&str] = &["clippy", "audit", "deny"];

/// A fault and the gates that must fail for it.
type Fault = (&'static [&'static str], fn(&Checkout));

const FAULTS_FOR_OURS: &[Fault] = &[
    (&["fmt"], |tree| {
        tree.append("xtask/src/ending.rs", "\nconst  BADLY:u8=1 ;\n");
    }),
    (&["tidy"], |tree| {
        tree.write("xtask/src/utils.rs", "//! A name that says nothing.\n");
    }),
    (&["waivers"], |tree| {
        tree.write(".gitleaksignore", "0123456789:a.rs:generic-api-key:1\n");
    }),
    (&["commits"], |tree| tree.commit("some words")),
];

/// A good image but for one instruction.
const IMAGE: &str = "FROM debian:12.9-slim\nUSER 65532\nHEALTHCHECK CMD [\"/bin/true\"]\n";

/// A good workflow up to its steps.
const WORKFLOW: &str = "name: planted
on: push
permissions: {}
concurrency:
  group: planted
  cancel-in-progress: true
jobs:
  planted:
    name: planted
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
";
const CHECKOUT: &str = "      - name: Check out
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
";

/// A module that nobody has anything against.
const MODULE: &str = "terraform {
  required_version = \">= 1.11\"
}

resource \"terraform_data\" \"planted\" {
  input = { encrypted = false }
}
";

const FAULTS_FOR_SCANNERS: &[Fault] = &[
    (&["hadolint"], |tree| image(tree, "CMD /bin/true\n")),
    // Both know what is called a secret.
    (&["hadolint", "trivy-config"], |tree| {
        image(tree, "ENV PLANTED_PASSWORD=planted\nCMD [\"/bin/true\"]\n");
    }),
    (&["checkov"], |tree| {
        image(
            tree,
            "RUN curl --insecure https://example.org\nCMD [\"/bin/true\"]\n",
        );
    }),
    // The token stays in the checkout.
    (&["zizmor"], |tree| workflow(tree, CHECKOUT)),
    (&["actionlint"], |tree| {
        workflow(tree, "      - name: Split\n        run: test -d $HOME\n");
    }),
    (&["gitleaks", "trivy-secrets"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
    }),
    // It is in the history still.
    (&["gitleaks"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
        tree.sh("git add .");
        tree.commit("feat: a token");
        tree.sh("git rm --quiet token.txt");
        tree.commit("fix: no token");
    }),
    (&["tflint"], |tree| {
        let unused = "variable \"unused\" {\n  type        = string\n  description = \"Nobody asks.\"\n}\n";
        module(tree, unused, "");
    }),
    (&["terraform-fmt"], |tree| {
        module(tree, "", &output("value   =   terraform_data.planted.id"));
    }),
    (&["terraform-validate"], |tree| {
        module(
            tree,
            "",
            &output("value       = terraform_data.planted.no_such_thing"),
        );
    }),
    (&["terraform-test"], |tree| {
        module(tree, "", "");
        let test = "run \"planted\" {
  command = plan

  assert {
    condition     = terraform_data.planted.input.encrypted
    error_message = \"planted: not encrypted\"
  }
}
";
        tree.write("terraform/planted/planted.tftest.hcl", test);
    }),
    (&["terraform-compliance"], |tree| {
        module(tree, "", "");
        let feature = "Feature: what is stored is encrypted

  Scenario: the planted resource is encrypted
    Given I have terraform_data defined
    Then it must have input
    And it must have encrypted
    And its value must be true
";
        tree.write("terraform/planted/compliance/planted.feature", feature);
    }),
];

const FAULTS_FOR_DEPENDENCIES: &[Fault] = &[
    (&["clippy"], |tree| {
        tree.append("xtask/src/ending.rs", "\nfn nobody_calls_this() {}\n");
    }),
    (&["audit", "deny"], |tree| {
        tree.sh("cargo add --quiet --package xtask time@=0.1.43");
    }),
    (&["deny"], |tree| tree.sh("sed -i '/^  \"MIT\",$/d' deny.toml")),
];

#[test]
fn one_fault_fails_at_one_gate() {
    each_fails_at_its_gates(&Checkout::whole("faults"), OURS, FAULTS_FOR_OURS);
}

#[test]
#[ignore = "needs the scanners: `cargo xtask tools install`"]
fn one_fault_fails_at_the_scanners_that_look_for_it() {
    each_fails_at_its_gates(&Checkout::whole("scanners"), SCANNERS, FAULTS_FOR_SCANNERS);
}

#[test]
#[ignore = "needs cargo-audit, cargo-deny, an advisory database and minutes to build"]
fn one_fault_fails_at_the_gates_of_dependencies_that_look_for_it() {
    let tree = Checkout::whole("dependencies");
    each_fails_at_its_gates(&tree, DEPENDENCIES, FAULTS_FOR_DEPENDENCIES);
}

/// Nothing is found without a fault; every gate is there to fail for one.
fn each_fails_at_its_gates(tree: &Checkout, gates: &[&str], faults: &[Fault]) {
    let (output, verdicts) = tree.ci(gates);
    assert_eq!(bad(&verdicts), [""; 0], "{}", words(&output));
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    tree.sh("git tag good");
    let mut shown = 0;
    for (expected, plant) in faults {
        plant(tree);
        let (output, verdicts) = tree.ci(gates);
        tree.sh("git reset --quiet --hard good && git clean --quiet -fd");
        if expected.iter().any(|gate| verdicts[*gate] == "no-tool") {
            eprintln!("left out: {expected:?}: not installed");
            continue;
        }
        assert_eq!(bad(&verdicts), *expected, "{}", words(&output));
        assert_eq!(output.status.code(), Some(1), "{}", words(&output));
        shown += 1;
    }
    assert!(shown > 0, "nothing is installed");
    for gate in gates {
        assert!(
            faults.iter().any(|(expected, _)| expected.contains(gate)),
            "no fault is planted for {gate}"
        );
    }
}

/// The gates that failed or cannot be trusted, in the order of the report.
fn bad(verdicts: &BTreeMap<String, String>) -> Vec<&str> {
    let good = ["pass", "waived", "not-run", "no-tool"];
    let bad = verdicts
        .iter()
        .filter(|(_, verdict)| !good.contains(&verdict.as_str()));
    bad.map(|(gate, _)| gate.as_str()).collect()
}

fn image(tree: &Checkout, instructions: &str) {
    tree.write("Dockerfile", &format!("{IMAGE}{instructions}"));
}

fn workflow(tree: &Checkout, steps: &str) {
    tree.write(".github/workflows/planted.yml", &format!("{WORKFLOW}{steps}"));
}

fn module(tree: &Checkout, variables: &str, outputs: &str) {
    for (name, text) in [("main", MODULE), ("variables", variables), ("outputs", outputs)] {
        tree.write(&format!("terraform/planted/{name}.tf"), text);
    }
}

fn output(value: &str) -> String {
    format!("output \"planted\" {{\n  description = \"What was made.\"\n  {value}\n}}\n")
}

/// In the form of GitHub's: put together here, because no file of a repository may hold one.
fn token() -> String {
    let letters = "Qx7Lr2Vn9Tb4Kd8Wm3Zc6Yf1Hg5Js0Pu".to_owned() + "Ae7Ri";
    format!("gh{}_{}", "p", &letters[..36])
}
