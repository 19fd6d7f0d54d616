//! Installs, finds and verifies tools, with scripts in the place of Go, Python, npm and cargo.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

mod failures;
mod machine;
mod registries;

use std::fs;

use machine::{GO, Machine};

const INSTALL: [&str; 2] = ["install", "actionlint"];

#[test]
fn a_module_is_installed_once_found_and_verified() {
    let machine = Machine::with_go("once");
    let output = machine.succeeds(&INSTALL);
    assert!(output.contains("ready    actionlint 1.7.12"), "{output}");
    assert!(machine.listed("actionlint").contains("cache: "));
    assert_eq!(machine.staged(), [] as [&str; 0]);
    assert!(machine.tools(&INSTALL).1.contains("present  actionlint"));
    assert_eq!(machine.read("bin/go.built"), "built\n");
    machine.succeeds(&["install", "--again", "actionlint"]);
    assert_eq!(machine.read("bin/go.built"), "built\nbuilt\n");
    assert_eq!(machine.succeeds(&["verify"]), "same     actionlint 1.7.12\n");
}

#[test]
fn a_changed_installation_is_detected_and_not_used() {
    let machine = Machine::with_go("changed");
    machine.tools(&INSTALL);
    let program = machine.installed().join("bin/actionlint");
    fs::write(&program, "#!/bin/sh\n: something else; echo 1.7.12\n").unwrap();
    fs::write(machine.installed().join("bin/more"), "").unwrap();
    machine.fails(&["verify"], &["bin/actionlint is ", "bin/more is new"]);
    let listed = machine.listed("actionlint");
    assert!(
        listed.contains("missing: ") && listed.contains("is not what was installed"),
        "{listed}"
    );
    machine.succeeds(&INSTALL);
    machine.succeeds(&["verify"]);
}

#[test]
fn a_program_of_another_version_is_not_published() {
    let machine = Machine::with_go("other");
    machine.program("zizmor", "echo zizmor 1.31.0");
    let listed = machine.listed("zizmor");
    assert!(
        listed.contains("missing: ") && listed.contains("bin/zizmor is 1.31.0, not 1.32.0"),
        "{listed}"
    );
    machine.write("bin/go.sh", &GO.replace("echo 1.7.12", "echo 1.7.11"));
    machine.fails(&INSTALL, &["bin/actionlint is 1.7.11, not 1.7.12"]);
    assert!(!machine.installed().exists());
}

#[test]
fn a_missing_requirement_is_named_in_one_line() {
    let machine = Machine::new("missing");
    for (tool, what) in [
        ("actionlint", "needs Go"),
        ("zizmor", "needs Python 3.11"),
        ("sarif-multitool", "needs Node.js"),
        ("cargo-audit", "needs a C compiler"),
        ("zap", "not installed by name: put zap.sh"),
    ] {
        let output = machine.fails(&["install", tool], &[what]);
        let failures = output.lines().filter(|line| line.starts_with("failed")).count();
        assert!(failures == 1 && !output.contains("panicked"), "{output}");
    }
    machine.program("python3", "exit 1");
    machine.fails(
        &["install", "zizmor"],
        &["install Python 3.11 or newer with venv"],
    );
}
