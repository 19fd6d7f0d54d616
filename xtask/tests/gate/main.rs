//! The gate from outside: one fault fails at one gate; Ctrl-C, a second run and a full disk leave nothing behind.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a person would"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Gates that need no tool but the compiler's own.
const GATES: &str = "fmt,tidy,waivers,commits";

/// A tree under git, and a folder for what is built of it.
struct Checkout(PathBuf);

impl Checkout {
    fn new(name: &str) -> Checkout {
        let folder = std::env::temp_dir().join(format!("xtask-tests-gate-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tree")).unwrap();
        fs::create_dir_all(folder.join("bin")).unwrap();
        Checkout(folder)
    }

    /// Of one file and one planted defect; rustfmt is this script.
    fn small(name: &str, rustfmt: &str) -> Checkout {
        let checkout = Checkout::new(name);
        checkout.write("a.rs", "//! A.\n");
        checkout.write("xtask/canaries/fmt/bad.rs", "fn  bad( ){}\n");
        checkout.sh("git init --quiet --template= .");
        let script =
            format!("cat > ../bin/rustfmt <<'END'\n#!/bin/sh\n{rustfmt}\nEND\nchmod +x ../bin/rustfmt");
        checkout.sh(&script);
        checkout
    }

    /// Of this repository as it is now, with one good commit.
    fn whole(name: &str) -> Checkout {
        let checkout = Checkout::new(name);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let files = "git ls-files -z --cached --others --exclude-standard";
        let copy = format!(
            "cd '{}' && {files} | tar --null --ignore-failed-read -T - -cf - | tar -C '{}' -xf -",
            root.display(),
            checkout.0.join("tree").display()
        );
        checkout.sh(&copy);
        checkout.sh("git init --quiet --template= . && git add . ");
        checkout.commit("feat: all");
        checkout
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.join("tree").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn append(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.0.join("tree").join(path)).unwrap();
        self.write(path, &(before + text));
    }

    fn commit(&self, message: &str) {
        let who = "-c user.name=test -c user.email=test@example.org -c commit.gpgsign=false";
        self.sh(&format!(
            "git {who} commit --quiet --no-verify --allow-empty -m '{message}'"
        ));
    }

    fn sh(&self, script: &str) {
        let output = self
            .of(Command::new("/bin/sh").args(["-c", script]))
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {}", words(&output));
    }

    /// In the tree, with its own folder of builds and its own programs first.
    fn of<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut all = vec![self.0.join("bin")];
        all.extend(std::env::split_paths(&path));
        for name in [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GITHUB_STEP_SUMMARY",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(self.0.join("tree"))
            .env("PATH", std::env::join_paths(all).unwrap())
            .env("XTASK_ROOT", self.0.join("tree"))
            .env("CARGO_TARGET_DIR", self.0.join("target"))
    }

    fn ci(&self, only: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        self.of(command.args(["ci", "--offline", "--only", only]));
        command
    }

    /// The gates that did not pass, by the report.
    fn bad_gates(&self) -> (Output, Vec<String>) {
        let output = self.ci(GATES).output().unwrap();
        let report = self.0.join("target/report/report.json");
        let text = fs::read_to_string(report).unwrap_or_default();
        assert!(!text.is_empty(), "{}", words(&output));
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let gates = report["gates"].as_array().unwrap();
        assert_eq!(gates.len(), GATES.split(',').count());
        let bad = gates.iter().filter(|gate| gate["verdict"] != "pass");
        let told = |gate: &serde_json::Value| format!("{} {}", gate["id"], gate["verdict"]).replace('"', "");
        (output, bad.map(told).collect())
    }

    /// A run whose rustfmt never ends, and what it had started: `rustfmt` and a child of its own.
    fn hanging(&self) -> (Child, Vec<String>) {
        let run = self
            .ci("fmt")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let file = self.0.join("pids");
        let started = || fs::read_to_string(&file).unwrap_or_default();
        assert!(within(30, || started().ends_with('\n')), "rustfmt never started");
        (run, started().split_whitespace().map(str::to_owned).collect())
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

const HANGS: &str =
    "sleep 1000 & f=\"${0%/bin/*}/pids\"; echo \"$$ $!\" > \"$f.new\"; mv \"$f.new\" \"$f\"; wait";

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn within(seconds: u64, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < deadline {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What nobody has collected yet is gone as well.
fn is_gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    matches!(state, None | Some("Z"))
}

fn interrupt(run: &Child) {
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn one_fault_fails_at_one_gate() {
    let checkout = Checkout::whole("faults");
    let (output, bad) = checkout.bad_gates();
    assert_eq!(
        (output.status.code(), bad),
        (Some(0), vec![]),
        "{}",
        words(&output)
    );
    let fails = |gate: &str| {
        let (output, bad) = checkout.bad_gates();
        assert_eq!(bad, [format!("{gate} fail")], "{}", words(&output));
        assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    };

    checkout.append("xtask/src/ending.rs", "\nconst  BADLY:u8=1 ;\n");
    fails("fmt");
    checkout.sh("git checkout --quiet .");

    checkout.write("xtask/src/utils.rs", "//! A name that says nothing.\n");
    fails("tidy");
    checkout.sh("rm xtask/src/utils.rs");

    checkout.write(".gitleaksignore", "0123456789:a.rs:generic-api-key:1\n");
    fails("waivers");
    checkout.sh("rm .gitleaksignore");

    checkout.commit("some words");
    fails("commits");
}

#[test]
fn ctrl_c_stops_all_that_was_started_and_says_so() {
    let checkout = Checkout::small("interrupted", HANGS);
    let (run, started) = checkout.hanging();
    assert_eq!(started.len(), 2);
    interrupt(&run);
    let output = run.wait_with_output().unwrap();
    let words = words(&output);
    assert_eq!(output.status.code(), Some(130), "{words}");
    assert!(words.contains("interrupted: stopped what was started"), "{words}");
    for pid in &started {
        assert!(within(5, || is_gone(pid)), "{pid} is left: {words}");
    }
}

#[test]
fn a_second_run_in_one_tree_is_refused_and_disturbs_nobody() {
    let checkout = Checkout::small("twice", HANGS);
    let (first, started) = checkout.hanging();
    let second = checkout.ci("fmt").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        words(&second).contains("another `cargo xtask ci` runs in this tree"),
        "{}",
        words(&second)
    );
    assert!(started.iter().all(|pid| !is_gone(pid)), "the first still runs");
    interrupt(&first);
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn a_report_that_cannot_be_written_fails_and_leaves_no_older_one() {
    let checkout = Checkout::small("full", "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac");
    let older = checkout.0.join("target/report/report.json");
    fs::create_dir_all(older.parent().unwrap()).unwrap();
    fs::write(&older, "an older one").unwrap();
    // The report names each file that differs from the commit, so it is larger than what the gate itself keeps.
    for number in 0..100 {
        checkout.write(&format!("a-new-file-with-quite-a-long-name-{number}.txt"), "");
    }
    // No file may grow beyond some blocks, as on a disk that is full.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let mut command = Command::new("/bin/sh");
    let args = [
        "-c",
        script,
        "sh",
        env!("CARGO_BIN_EXE_xtask"),
        "ci",
        "--offline",
        "--only",
        "fmt",
    ];
    let output = checkout.of(command.args(args)).output().unwrap();
    let words = words(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(
        words.contains("pass     fmt") && words.contains("cannot write"),
        "{words}"
    );
    assert!(!older.exists(), "nobody takes it for this run's");
}
