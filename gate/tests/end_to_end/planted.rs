//! A defect planted into the repository fails exactly the gates that look for it.

use std::collections::BTreeMap;

use super::checkout::{Checkout, text};
use super::defects::{
    ATTACKERS, BUILDS, CLIENTS, COVERAGE, DEFECTS_FOR_ATTACKERS, DEFECTS_FOR_BUILDS, DEFECTS_FOR_CLIENTS,
    DEFECTS_FOR_COVERAGE, DEFECTS_FOR_DEPENDENCIES, DEFECTS_FOR_MODULES, DEFECTS_FOR_OPERATIONS,
    DEFECTS_FOR_OURS, DEFECTS_FOR_PLANNERS, DEFECTS_FOR_RESTORERS, DEFECTS_FOR_SECRETS, DEFECTS_FOR_TESTERS,
    DEPENDENCIES, Defect, MODULES, OPERATIONS, OURS, PLANNERS, RESTORERS, SECRETS, TESTERS,
};

#[test]
fn each_defect_fails_one_gate() {
    each_fails_at_its_gates(&Checkout::whole("defects"), OURS, DEFECTS_FOR_OURS);
}

#[test]
#[ignore = "needs the scanners: `cargo xtask tools install`"]
fn each_defect_fails_its_scanners_of_images_and_workflows() {
    each_fails_at_its_gates(&Checkout::whole("builds"), BUILDS, DEFECTS_FOR_BUILDS);
}

#[test]
#[ignore = "needs the scanners: `cargo xtask tools install`"]
fn each_defect_fails_its_scanners_of_secrets() {
    each_fails_at_its_gates(&Checkout::whole("secrets"), SECRETS, DEFECTS_FOR_SECRETS);
}

#[test]
#[ignore = "needs the scanners: `cargo xtask tools install`"]
fn each_defect_fails_its_scanners_of_operations() {
    each_fails_at_its_gates(&Checkout::whole("operations"), OPERATIONS, DEFECTS_FOR_OPERATIONS);
}

#[test]
#[ignore = "needs terraform, terraform-compliance, tflint and minutes"]
fn each_defect_fails_its_gate_of_modules() {
    each_fails_at_its_gates(&Checkout::whole("modules"), MODULES, DEFECTS_FOR_MODULES);
}

/// L4: A secret in a plan or state, a plan that never comes to an end, and a denied resource are found.
#[test]
#[ignore = "needs terraform and minutes to build"]
fn each_defect_fails_its_gate_of_plans() {
    each_fails_at_its_gates(&Checkout::whole("plans"), PLANNERS, DEFECTS_FOR_PLANNERS);
}

#[test]
#[ignore = "needs cargo-audit, cargo-deny, an advisory database and minutes to build"]
fn each_defect_fails_its_gates_of_dependencies() {
    let tree = Checkout::whole("dependencies");
    each_fails_at_its_gates(&tree, DEPENDENCIES, DEFECTS_FOR_DEPENDENCIES);
}

#[test]
#[ignore = "needs schemathesis, wapiti and half an hour"]
fn each_defect_fails_its_attacker() {
    each_fails_at_its_gates(&Checkout::whole("attackers"), ATTACKERS, DEFECTS_FOR_ATTACKERS);
}

#[test]
#[ignore = "needs Python, Node, Go and minutes to build"]
fn each_defect_fails_its_generated_client() {
    each_fails_at_its_gates(&Checkout::whole("clients"), CLIENTS, DEFECTS_FOR_CLIENTS);
}

#[test]
#[ignore = "runs every test of the repository twice"]
fn each_defect_fails_its_gate_of_tests() {
    // Each gate passes with the other's defect, so a run without a defect would show nothing more.
    each_defect_fails(&Checkout::whole("testers"), TESTERS, DEFECTS_FOR_TESTERS);
}

/// L11: A restore that loses the rows of a schema is found.
#[test]
#[ignore = "needs PostgreSQL's client programs and minutes to build"]
fn a_restore_that_loses_rows_fails_its_gate() {
    each_fails_at_its_gates(&Checkout::whole("restores"), RESTORERS, DEFECTS_FOR_RESTORERS);
}

#[test]
#[ignore = "needs cargo-llvm-cov, LLVM and half an hour"]
fn a_module_without_tests_fails_the_gate_of_coverage() {
    each_fails_at_its_gates(&Checkout::whole("coverage"), COVERAGE, DEFECTS_FOR_COVERAGE);
}

/// All gates pass without a defect, and then each defect fails its gates.
fn each_fails_at_its_gates(tree: &Checkout, gates: &[&str], defects: &[Defect]) {
    let (output, verdicts) = tree.ci(gates);
    assert_eq!(bad(&verdicts), [""; 0], "{}", text(&output));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    each_defect_fails(tree, gates, defects);
}

/// Each defect fails exactly its gates, and each gate has a defect.
fn each_defect_fails(tree: &Checkout, gates: &[&str], defects: &[Defect]) {
    tree.sh("git tag good");
    let mut checked = 0;
    for (expected, plant) in defects {
        plant(tree);
        let (output, verdicts) = tree.ci(gates);
        tree.sh("git reset --quiet --hard good && git clean --quiet -fd");
        if expected.iter().any(|gate| verdicts[*gate] == "no-tool") {
            eprintln!("skipped {expected:?}: not installed");
            continue;
        }
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(bad(&verdicts), expected, "{}", text(&output));
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        checked += 1;
    }
    assert!(checked > 0, "nothing is installed");
    for gate in gates {
        assert!(
            defects.iter().any(|(expected, _)| expected.contains(gate)),
            "no defect is planted for {gate}"
        );
    }
}

/// The gates that failed or are untrusted.
fn bad(verdicts: &BTreeMap<String, String>) -> Vec<&str> {
    let good = ["pass", "waived", "not-run", "no-tool"];
    let bad = verdicts
        .iter()
        .filter(|(_, verdict)| !good.contains(&verdict.as_str()));
    bad.map(|(gate, _)| gate.as_str()).collect()
}
