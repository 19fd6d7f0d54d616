//! The commands as programs: what they reject before any work, and which files and processes they leave alone.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use private_postgres::processes::Identity;
use serde_json::json;
use tempfile::TempDir;

/// A state directory, removed at the end, that need not exist yet.
struct State {
    path: PathBuf,
    _above: TempDir,
}

impl State {
    fn new() -> State {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("state");
        State { path, _above: above }
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Holds the lock as a running `up` does, with this process as the holder.
    fn locked(&self) -> File {
        self.write("lock", &serde_json::to_string(&this_process()).unwrap());
        let lock = File::open(self.path.join("lock")).unwrap();
        lock.lock().unwrap();
        lock
    }

    /// As left by an `up --detach` on port 3999 whose service is this process.
    fn detached(&self, service: &Identity) {
        let running = json!({ "service": service, "port": 3999, "detached": true });
        self.write("running.json", &running.to_string());
        // The lock marks the directory as one of ours.
        self.write("lock", "");
    }

    fn run(&self, command: &str, options: &[&str]) -> (Option<i32>, String) {
        stack(&[&[command, "--state", self.path.to_str().unwrap()], options].concat())
    }

    /// Runs `up`, which must fail with all of these texts.
    fn assert_up_fails(&self, options: &[&str], reasons: &[&str]) -> String {
        let (code, text) = self.run("up", options);
        let has_all = reasons.iter().all(|reason| text.contains(reason));
        assert!(code == Some(1) && has_all, "{reasons:?}: {code:?} {text}");
        text
    }
}

fn this_process() -> Identity {
    Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a user does"
)]
fn stack(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stack"))
        .args(args)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_port_in_use_is_reported_before_any_work() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let state = State::new();
    let text = state.assert_up_fails(&["--port", &port], &[&port, "--port"]);
    assert_eq!(text.lines().count(), 1, "one clear line: {text}");
    let has_data = ["postgres", "data-directory"].map(|name| state.path.join(name).exists());
    assert_eq!(has_data, [false, false], "no work was done");
}

#[test]
fn a_second_up_names_the_first() {
    let state = State::new();
    let _first = state.locked();
    state.assert_up_fails(&[], &["already runs", &format!("pid {}", std::process::id())]);
}

#[test]
fn a_directory_of_another_program_is_left_alone() {
    let state = State::new();
    state.write("secrets/theirs", "x");
    state.assert_up_fails(&[], &["did not make", "--state"]);
    assert!(!state.path.join("lock").exists() && state.path.join("secrets/theirs").exists());
    let (_, text) = state.run("down", &["--wipe"]);
    assert!(state.path.join("secrets/theirs").exists(), "{text}");
}

#[test]
fn a_detached_service_that_runs_is_named() {
    let state = State::new();
    state.detached(&this_process());
    state.assert_up_fails(&[], &["already running on port 3999", "cargo xtask down"]);
}

#[test]
fn an_unreadable_dump_is_reported_before_any_work() {
    let state = State::new();
    state.assert_up_fails(&["--dump", "/nowhere/rates.sql"], &["/nowhere/rates.sql"]);
    assert!(!state.path.exists(), "not even a state directory");
}

#[test]
fn down_reports_that_nothing_runs() {
    let (code, text) = State::new().run("down", &["--wipe"]);
    assert!(code == Some(0) && text.contains("nothing runs"), "{text}");
}

#[test]
fn down_leaves_other_processes_alone() {
    let state = State::new();
    let lock = state.locked();
    // It names this test, which must survive it.
    let (code, text) = state.run("down", &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("which is no `cargo xtask up`"), "{text}");
    // Closing it is not enough: a process that another test starts at this moment has a copy.
    lock.unlock().unwrap();

    // The recorded pid is alive, but belongs to another process than the recorded one.
    state.detached(&Identity {
        started: "another time".into(),
        ..this_process()
    });
    let (code, text) = state.run("down", &["--wipe"]);
    assert!(code == Some(0) && text.contains("nothing ran"), "{text}");
    assert!(!state.path.exists(), "wiped");
}

#[test]
fn arguments_are_checked() {
    for (args, reason) in [
        (&["up", "--port", "70000"][..], "70000"),
        (&["up", "--postgres", "12"], "13 to 18"),
        (&["up", "--postgres", "postgres://h/"], "no user"),
        (&["test", "--postgres", "nineteen"], "13 to 18"),
        (&["bdd", "--base-url"], "--base-url"),
    ] {
        let (code, text) = stack(args);
        assert!(code == Some(2) && text.contains(reason), "{args:?}: {text}");
    }
}
