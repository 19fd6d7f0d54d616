//! Ctrl-C, a second run and a full disk leave nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::checkout::{Checkout, words};

const HANGS: &str =
    "sleep 1000 & f=\"${0%/bin/*}/pids\"; echo \"$$ $!\" > \"$f.new\"; mv \"$f.new\" \"$f\"; wait";

/// A run whose rustfmt never ends, and what it had started: `rustfmt` and a child of its own.
fn hanging(checkout: &Checkout) -> (Child, Vec<String>) {
    let run = checkout
        .ci_command("fmt")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let file = checkout.0.join("pids");
    let started = || fs::read_to_string(&file).unwrap_or_default();
    assert!(within(30, || started().ends_with('\n')), "rustfmt never started");
    (run, started().split_whitespace().map(str::to_owned).collect())
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
fn ctrl_c_stops_all_that_was_started_and_says_so() {
    let checkout = Checkout::small("interrupted", HANGS);
    let (run, started) = hanging(&checkout);
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
    let (first, started) = hanging(&checkout);
    let second = checkout.ci_command("fmt").output().unwrap();
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
        env!("CARGO_BIN_EXE_gate"),
        "ci",
        "--offline",
        "--only",
        "fmt",
    ];
    let output = checkout.of(command.args(args)).output().unwrap();
    let words = words(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(
        words.contains("pass      fmt") && words.contains("cannot write"),
        "{words}"
    );
    assert!(!older.exists(), "nobody takes it for this run's");
}

#[test]
fn the_callers_environment_tells_no_tool_what_to_leave_out() {
    let script = "env > \"${0%/bin/*}/environment\"; case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac";
    let checkout = Checkout::small("environment", script);
    let told = [
        "CKV_SKIP_CHECK",
        "TRIVY_SKIP_FILES",
        "SHELLCHECK_OPTS",
        "RUSTFMT_CONFIG",
    ];
    let mut command = checkout.ci_command("fmt");
    let output = command.envs(told.map(|name| (name, "x"))).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let environment = fs::read_to_string(checkout.0.join("environment")).unwrap();
    assert!(environment.contains("PATH="), "{environment}");
    for name in told {
        assert!(!environment.contains(name), "{name}: {environment}");
    }
}

#[test]
fn what_changes_while_the_gates_look_fails_and_is_named() {
    let checkout = Checkout::small(
        "moved",
        "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac; echo '//! B.' > \"${0%/bin/*}/tree/b.rs\"",
    );
    let output = checkout.ci_command("fmt").output().unwrap();
    let words = words(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(
        words.contains("the tree changed while the gates ran: b.rs"),
        "{words}"
    );
}

#[test]
fn a_path_that_scanners_read_differently_is_refused_by_name() {
    for (name, plant) in [
        ("link", "ln -s a.rs b.rs"),
        ("bytes", "printf x > \"$(printf 'b\\377.rs')\""),
    ] {
        let checkout = Checkout::small(name, "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac");
        checkout.sh(plant);
        let output = checkout.ci_command("fmt").output().unwrap();
        let words = words(&output);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains(".rs\": "), "{words}");
    }
}

/// A process may write no longer file than its limit; then as on a full disk, and for root too: the report is told in one line,
/// and no earlier one is left to be taken for this run's.
#[test]
fn a_report_that_the_disk_cannot_hold_leaves_none() {
    let checkout = Checkout::new("report");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/sample.json");
    let report = |most: &str| {
        // Without the trap the signal would end it: a full disk sends none.
        let script = r#"trap '' XFSZ; ulimit -f "$1"; exec "$2" report --from "$3""#;
        Command::new("sh")
            .args(["-c", script, "sh", most, env!("CARGO_BIN_EXE_gate")])
            .arg(&sample)
            .env("CARGO_TARGET_DIR", checkout.0.join("target"))
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .unwrap()
    };
    let whole = report("unlimited");
    assert!(
        whole.status.success(),
        "{}",
        String::from_utf8_lossy(&whole.stderr)
    );
    assert!(checkout.0.join("target/report/index.html").exists());
    let full = report("16");
    let words = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{words}");
    assert_eq!(words.lines().count(), 1, "one clear line: {words}");
    assert!(words.contains("cannot write report/"), "{words}");
    let left: Vec<_> = fs::read_dir(checkout.0.join("target"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with("report")),
        "{left:?}"
    );
}
