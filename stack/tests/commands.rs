//! The commands as programs: what they reject before any work, and which files and processes they leave alone.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use private_postgres::processes::Identity;

/// A state directory, removed at the end.
struct State(PathBuf);

impl State {
    fn new(name: &str) -> State {
        let directory = std::env::temp_dir().join(format!("stack-commands-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&directory);
        State(directory)
    }

    /// Holds the lock as a running `up` does, and says that it is this process.
    fn locked(&self) -> File {
        fs::create_dir_all(&self.0).unwrap();
        let mut lock = File::create(self.0.join("lock")).unwrap();
        lock.lock().unwrap();
        let me = Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        let text = format!(r#"{{"pid":{},"started":"{}"}}"#, me.pid, me.started);
        lock.write_all(text.as_bytes()).unwrap();
        lock
    }

    fn stack(&self, args: &[&str]) -> (Output, String) {
        let (command, rest) = args.split_first().unwrap();
        let mut all = vec![*command, "--state", self.0.to_str().unwrap()];
        all.extend(rest);
        stack(&all)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a person would"
)]
fn stack(args: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stack"))
        .args(args)
        .output()
        .unwrap();
    let words = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output, words)
}

fn has_data(state: &Path) -> bool {
    state.join("postgres").exists() || state.join("data-directory").exists()
}

#[test]
fn a_port_in_use_is_reported_before_any_work() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let state = State::new("port");
    let (output, words) = state.stack(&["up", "--port", &port]);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words.lines().count(), 1, "one clear line: {words}");
    assert!(words.contains(&port) && words.contains("--port"), "{words}");
    assert!(!has_data(&state.0), "no work was done");
}

#[test]
fn a_second_up_names_the_first() {
    let state = State::new("second");
    let _first = state.locked();
    let (output, words) = state.stack(&["up"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words.contains("already runs") && words.contains(&format!("pid {}", std::process::id())),
        "{words}"
    );
}

#[test]
fn a_directory_of_another_program_is_left_alone() {
    let state = State::new("foreign");
    fs::create_dir_all(state.0.join("secrets")).unwrap();
    fs::write(state.0.join("secrets/theirs"), "x").unwrap();
    let (output, words) = state.stack(&["up"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words.contains("did not make") && words.contains("--state"),
        "{words}"
    );
    assert!(!state.0.join("lock").exists() && state.0.join("secrets/theirs").exists());
    let (_, words) = state.stack(&["down", "--wipe"]);
    assert!(state.0.join("secrets/theirs").exists(), "{words}");
}

#[test]
fn a_detached_service_that_runs_is_named() {
    let state = State::new("detached");
    fs::create_dir_all(&state.0).unwrap();
    let me = Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
    let running = r#"{"service":{"pid":PID,"started":"STARTED"},"port":3999,"detached":true}"#;
    let running = running
        .replace("PID", &me.pid.to_string())
        .replace("STARTED", &me.started);
    fs::write(state.0.join("running.json"), running).unwrap();
    // What makes the directory a state of ours.
    fs::write(state.0.join("lock"), "").unwrap();
    let (output, words) = state.stack(&["up"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words.contains("already running on port 3999") && words.contains("cargo xtask down"),
        "{words}"
    );
}

#[test]
fn an_unreadable_dump_is_reported_before_any_work() {
    let state = State::new("dump");
    let (output, words) = state.stack(&["up", "--dump", "/nowhere/rates.sql"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains("/nowhere/rates.sql"), "{words}");
    assert!(!state.0.exists(), "not even a state directory");
}

#[test]
fn down_without_anything_says_so() {
    let state = State::new("nothing");
    let (output, words) = state.stack(&["down", "--wipe"]);
    assert!(
        output.status.success() && words.contains("nothing runs"),
        "{words}"
    );
}

#[test]
fn down_leaves_other_processes_alone() {
    let state = State::new("stranger");
    let lock = state.locked();
    let (output, words) = state.stack(&["down"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words.contains("which is no `cargo xtask up`"),
        "and this test still lives: {words}"
    );
    drop(lock);

    // The pid that is written down lives, but it is another process than the one that was started.
    let running = format!(
        r#"{{"service":{{"pid":{},"started":"another time"}},"port":3000,"detached":true}}"#,
        std::process::id()
    );
    fs::write(state.0.join("running.json"), running).unwrap();
    let (output, words) = state.stack(&["down", "--wipe"]);
    assert!(
        output.status.success() && words.contains("nothing ran"),
        "{words}"
    );
    assert!(!state.0.exists(), "wiped");
}

#[test]
fn arguments_are_checked() {
    let cases = [
        (&["up", "--port", "70000"][..], "70000"),
        (&["up", "--postgres", "12"], "13 to 18"),
        (&["up", "--postgres", "postgres://h/"], "no user"),
        (&["test", "--postgres", "nineteen"], "13 to 18"),
        (&["bdd", "--base-url"], "--base-url"),
    ];
    for (args, reason) in cases {
        let (output, words) = stack(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {words}");
        assert!(words.contains(reason), "{args:?}: {words}");
    }
}
