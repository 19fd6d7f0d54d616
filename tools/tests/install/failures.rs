//! An installation that fails, is interrupted, killed or concurrent, or cannot write, leaves no incomplete tool behind.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::machine::{Machine, result_of, signal};

const INSTALL: [&str; 2] = ["install", "actionlint"];

#[test]
fn a_failure_is_one_line_that_names_the_log() {
    let machine = Machine::with_go("failure");
    machine.write("bin/go.broken", "");
    let output = machine.fails(&INSTALL, &["cannot compile it"]);
    let line = output.lines().find(|line| line.starts_with("failed")).unwrap();
    assert!(line.contains("cannot compile it"), "{output}");
    let log = fs::read_to_string(line.rsplit("; ").next().unwrap()).unwrap();
    assert!(log.contains("compiling many things"), "{line}");
    assert!(!machine.installed().exists() && machine.staged().is_empty());
}

#[test]
fn ctrl_c_stops_it_and_leaves_nothing() {
    let machine = Machine::with_go("stopped");
    machine.write("bin/go.slow", "");
    let child = machine.start(&INSTALL);
    machine.wait_for("bin/go.running");
    signal(&child, Signal::INT);
    let since = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", result_of(&output).1);
    assert!(since.elapsed() < Duration::from_secs(30));
    assert!(!machine.installed().exists() && machine.staged().is_empty());
}

#[test]
fn a_killed_installation_is_no_tool_and_does_not_block_the_next() {
    let machine = Machine::with_go("killed");
    machine.write("bin/go.slow", "");
    let mut child = machine.start(&INSTALL);
    machine.wait_for("bin/go.running");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(machine.staged().len(), 1);
    assert!(machine.listed("actionlint").contains("missing: "));
    fs::remove_file(machine.0.join("bin/go.slow")).unwrap();
    machine.succeeds(&INSTALL);
    assert!(machine.staged().is_empty());
}

#[test]
fn two_concurrent_installations_build_once() {
    let machine = Machine::with_go("two");
    machine.write("bin/go.short", "");
    let children = [machine.start(&INSTALL), machine.start(&INSTALL)];
    for child in children {
        let (success, output) = result_of(&child.wait_with_output().unwrap());
        assert!(success, "{output}");
    }
    assert_eq!(machine.read("bin/go.built"), "built\n");
    machine.succeeds(&["verify"]);
}

#[test]
fn an_unwritable_cache_is_named() {
    let machine = Machine::with_go("closed");
    // Root may write to read-only folders, so a file takes the folder's place.
    machine.write("cache/portcullis", "");
    machine.fails(&INSTALL, &["cannot create ", "cache/portcullis"]);
    assert_eq!(machine.read("bin/go.built"), "");
}
