//! One planted fault fails at just the gates that look for it, in the repository as it is now.

use std::collections::BTreeMap;

use super::checkout::{Checkout, words};
use super::faults::{
    ATTACKERS, COVERAGE, DEPENDENCIES, FAULTS_FOR_ATTACKERS, FAULTS_FOR_COVERAGE, FAULTS_FOR_DEPENDENCIES,
    FAULTS_FOR_OURS, FAULTS_FOR_SCANNERS, FAULTS_FOR_TESTERS, Fault, OURS, SCANNERS, TESTERS,
};

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

#[test]
#[ignore = "needs schemathesis, wapiti and half an hour"]
fn one_fault_fails_at_the_attacker_that_looks_for_it() {
    each_fails_at_its_gates(&Checkout::whole("attackers"), ATTACKERS, FAULTS_FOR_ATTACKERS);
}

#[test]
#[ignore = "runs every test of the repository twice"]
fn one_fault_fails_at_the_gate_of_tests_that_runs_it() {
    // Each gate passes where the other's fault is planted: a run without a fault would show nothing more.
    each_fault_fails(&Checkout::whole("testers"), TESTERS, FAULTS_FOR_TESTERS);
}

#[test]
#[ignore = "needs cargo-llvm-cov, LLVM and half an hour"]
fn a_module_without_tests_fails_at_the_gate_of_coverage() {
    each_fails_at_its_gates(&Checkout::whole("coverage"), COVERAGE, FAULTS_FOR_COVERAGE);
}

/// Nothing is found without a fault.
fn each_fails_at_its_gates(tree: &Checkout, gates: &[&str], faults: &[Fault]) {
    let (output, verdicts) = tree.ci(gates);
    assert_eq!(bad(&verdicts), [""; 0], "{}", words(&output));
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    each_fault_fails(tree, gates, faults);
}

/// Every gate is there to fail for one.
fn each_fault_fails(tree: &Checkout, gates: &[&str], faults: &[Fault]) {
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
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(bad(&verdicts), expected, "{}", words(&output));
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

/// The gates that failed or cannot be trusted, by name.
fn bad(verdicts: &BTreeMap<String, String>) -> Vec<&str> {
    let good = ["pass", "waived", "not-run", "no-tool"];
    let bad = verdicts
        .iter()
        .filter(|(_, verdict)| !good.contains(&verdict.as_str()));
    bad.map(|(gate, _)| gate.as_str()).collect()
}
