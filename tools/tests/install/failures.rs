//! An installation that fails, is stopped, is killed, meets another one, or cannot write: it leaves no tool behind.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::machine::{Machine, outcome, signal};

#[test]
fn a_failure_is_one_line_that_names_the_log() {
    let machine = Machine::with_go("failure");
    machine.write("bin/go.broken", "");
    let (good, words) = machine.tools(&["install", "actionlint"]);
    let line = words
        .lines()
        .find(|line| line.starts_with("failed"))
        .unwrap_or_default();
    assert!(!good && line.contains("cannot compile it"), "{words}");
    let log = line.rsplit("; ").next().unwrap();
    assert!(
        fs::read_to_string(log).unwrap().contains("compiling many things"),
        "{line}"
    );
    assert!(!machine.installed().exists() && machine.left().is_empty());
}

#[test]
fn ctrl_c_stops_it_and_leaves_nothing() {
    let machine = Machine::with_go("stopped");
    machine.write("bin/go.slow", "");
    let child = machine.start(&["install", "actionlint"]);
    machine.waits_for("bin/go.running");
    signal(&child, Signal::INT);
    let since = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", outcome(&output).1);
    assert!(since.elapsed() < Duration::from_secs(30));
    assert!(!machine.installed().exists() && machine.left().is_empty());
}

#[test]
fn a_killed_installation_is_no_tool_and_in_nobodys_way() {
    let machine = Machine::with_go("killed");
    machine.write("bin/go.slow", "");
    let mut child = machine.start(&["install", "actionlint"]);
    machine.waits_for("bin/go.running");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(machine.left().len(), 1);
    assert!(machine.listed("actionlint").contains("missing: "));
    fs::remove_file(machine.0.join("bin/go.slow")).unwrap();
    let (good, words) = machine.tools(&["install", "actionlint"]);
    assert!(good && machine.left().is_empty(), "{words}");
}

#[test]
fn two_at_once_install_it_once() {
    let machine = Machine::with_go("two");
    machine.write("bin/go.short", "");
    let both = [
        machine.start(&["install", "actionlint"]),
        machine.start(&["install", "actionlint"]),
    ];
    for child in both {
        let (good, words) = outcome(&child.wait_with_output().unwrap());
        assert!(good, "{words}");
    }
    assert_eq!(machine.read("bin/go.built"), "built\n");
    assert!(machine.tools(&["verify"]).0);
}

#[test]
fn a_cache_that_cannot_be_written_to_is_named() {
    let machine = Machine::with_go("closed");
    // Root may write to read-only folders, so a file stands where the folder should be.
    machine.write("cache/portcullis", "");
    let (good, words) = machine.tools(&["install", "actionlint"]);
    assert!(
        !good && words.contains("cannot create ") && words.contains("cache/portcullis"),
        "{words}"
    );
    assert_eq!(machine.read("bin/go.built"), "");
}
