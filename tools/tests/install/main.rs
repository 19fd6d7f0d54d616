//! Installing tools, with programs that only pretend to be Go, Python, npm and cargo: once, found, verified.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

/// A machine that only pretends.
mod machine;

/// What is compared before it is used.
mod registries;

/// Failures during an installation.
mod failures;

use std::fs;

use machine::{GO, Machine};

#[test]
fn a_module_is_installed_once_found_and_verified() {
    let machine = Machine::with_go("once");
    let (good, words) = machine.tools(&["install", "actionlint"]);
    assert!(good && words.contains("ready    actionlint 1.7.12"), "{words}");
    assert!(machine.listed("actionlint").contains("cache: "));
    assert_eq!(machine.left(), [] as [&str; 0]);
    assert!(
        machine
            .tools(&["install", "actionlint"])
            .1
            .contains("there    actionlint")
    );
    assert_eq!(machine.read("bin/go.built"), "built\n");
    let (good, words) = machine.tools(&["install", "--again", "actionlint"]);
    assert!(good, "{words}");
    assert_eq!(machine.read("bin/go.built"), "built\nbuilt\n");
    assert_eq!(
        machine.tools(&["verify"]),
        (true, "same     actionlint 1.7.12\n".to_owned())
    );
}

#[test]
fn a_changed_installation_is_detected_and_not_used() {
    let machine = Machine::with_go("changed");
    machine.tools(&["install", "actionlint"]);
    let program = machine.installed().join("bin/actionlint");
    fs::write(&program, "#!/bin/sh\n: something else; echo 1.7.12\n").unwrap();
    fs::write(machine.installed().join("bin/more"), "").unwrap();
    let (good, words) = machine.tools(&["verify"]);
    assert!(
        !good && words.contains("bin/actionlint is ") && words.contains("bin/more is new"),
        "{words}"
    );
    let listed = machine.listed("actionlint");
    assert!(
        listed.contains("missing: ") && listed.contains("is not what was installed"),
        "{listed}"
    );
    assert!(machine.tools(&["install", "actionlint"]).0);
    assert!(machine.tools(&["verify"]).0);
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
    let (good, words) = machine.tools(&["install", "actionlint"]);
    assert!(
        !good && words.contains("bin/actionlint is 1.7.11, not 1.7.12"),
        "{words}"
    );
    assert!(!machine.installed().exists());
}

#[test]
fn a_missing_prerequisite_is_reported_in_one_line() {
    let machine = Machine::new("missing");
    for (tool, what) in [
        ("actionlint", "needs Go"),
        ("zizmor", "needs Python 3.11"),
        ("sarif-multitool", "needs Node.js"),
        ("cargo-audit", "needs a C compiler"),
        ("zap", "not installed by name: put zap.sh"),
    ] {
        let (good, words) = machine.tools(&["install", tool]);
        let said = words.lines().filter(|line| line.starts_with("failed")).count();
        assert!(
            !good && said == 1 && words.contains(what) && !words.contains("panicked"),
            "{words}"
        );
    }
    machine.program("python3", "exit 1");
    let (_, words) = machine.tools(&["install", "zizmor"]);
    assert!(
        words.contains("install Python 3.11 or newer with venv"),
        "{words}"
    );
}
