//! Runs that are interrupted, concurrent or cannot write leave nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::checkout::{Checkout, text};

const HANGS: &str =
    "sleep 1000 & f=\"${0%/bin/*}/pids\"; echo \"$$ $!\" > \"$f.new\"; mv \"$f.new\" \"$f\"; wait";

/// A run whose rustfmt never ends, and the ids of the processes: rustfmt and its child.
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

/// A zombie counts as gone.
fn is_gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next();
    let state = after_name.and_then(|fields| fields.split_whitespace().next());
    matches!(state, None | Some("Z"))
}

fn interrupt(run: &Child) {
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn ctrl_c_stops_all_started_processes() {
    let checkout = Checkout::small("interrupted", HANGS);
    let (run, started) = hanging(&checkout);
    assert_eq!(started.len(), 2);
    interrupt(&run);
    let output = run.wait_with_output().unwrap();
    let output_text = text(&output);
    assert_eq!(output.status.code(), Some(130), "{output_text}");
    assert!(
        output_text.contains("interrupted: stopped what was started"),
        "{output_text}"
    );
    for pid in &started {
        assert!(within(5, || is_gone(pid)), "{pid} still runs: {output_text}");
    }
}

#[test]
fn a_concurrent_run_in_one_tree_is_rejected_without_effect() {
    let checkout = Checkout::small("twice", HANGS);
    let (first, started) = hanging(&checkout);
    let second = checkout.ci_command("fmt").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second).contains("another `cargo xtask ci` runs in this tree"),
        "{}",
        text(&second)
    );
    assert!(started.iter().all(|pid| !is_gone(pid)), "the first still runs");
    interrupt(&first);
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn an_unwritable_report_fails_and_removes_an_earlier_one() {
    let checkout = Checkout::small("full", "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac");
    let older = checkout.0.join("target/report/report.json");
    fs::create_dir_all(older.parent().unwrap()).unwrap();
    fs::write(&older, "an older one").unwrap();
    // The report names each changed file, so it is larger than any other file of the run.
    for number in 0..100 {
        checkout.write(&format!("a-new-file-with-quite-a-long-name-{number}.txt"), "");
    }
    // Limits the size of files, as on a full disk.
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
    let output_text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{output_text}");
    assert!(
        output_text.contains("pass      fmt") && output_text.contains("cannot write"),
        "{output_text}"
    );
    assert!(!older.exists(), "it could be mistaken for the report of this run");
}

#[test]
fn the_callers_environment_does_not_configure_tools() {
    let script = "env > \"${0%/bin/*}/environment\"; case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac";
    let checkout = Checkout::small("environment", script);
    let names = [
        "CKV_SKIP_CHECK",
        "TRIVY_SKIP_FILES",
        "SHELLCHECK_OPTS",
        "RUSTFMT_CONFIG",
    ];
    let mut command = checkout.ci_command("fmt");
    let output = command.envs(names.map(|name| (name, "x"))).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let environment = fs::read_to_string(checkout.0.join("environment")).unwrap();
    assert!(environment.contains("PATH="), "{environment}");
    for name in names {
        assert!(!environment.contains(name), "{name}: {environment}");
    }
}

#[test]
fn a_change_during_the_run_fails_and_is_named() {
    let checkout = Checkout::small(
        "moved",
        "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac; echo '//! B.' > \"${0%/bin/*}/tree/b.rs\"",
    );
    let output = checkout.ci_command("fmt").output().unwrap();
    let output_text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{output_text}");
    assert!(
        output_text.contains("the tree changed while the gates ran: b.rs"),
        "{output_text}"
    );
}

#[test]
fn a_path_that_scanners_interpret_differently_is_rejected() {
    for (name, plant) in [
        ("link", "ln -s a.rs b.rs"),
        ("bytes", "printf x > \"$(printf 'b\\377.rs')\""),
    ] {
        let checkout = Checkout::small(name, "case \"$PWD\" in *canaries*) echo bad.rs; exit 1;; esac");
        checkout.sh(plant);
        let output = checkout.ci_command("fmt").output().unwrap();
        let output_text = text(&output);
        assert_eq!(output.status.code(), Some(1), "{output_text}");
        assert!(output_text.contains(".rs\": "), "{output_text}");
    }
}

/// A limit of file sizes simulates a full disk, for root too.
#[test]
fn a_report_that_does_not_fit_on_the_disk_leaves_none() {
    let checkout = Checkout::new("report");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/sample.json");
    let report = |limit: &str| {
        // The trap prevents the signal, which a full disk does not send.
        let script = r#"trap '' XFSZ; ulimit -f "$1"; exec "$2" report --from "$3""#;
        Command::new("sh")
            .args(["-c", script, "sh", limit, env!("CARGO_BIN_EXE_gate")])
            .arg(&sample)
            .env("CARGO_TARGET_DIR", checkout.0.join("target"))
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .unwrap()
    };
    let complete = report("unlimited");
    assert!(complete.status.success(), "{}", text(&complete));
    assert!(checkout.0.join("target/report/index.html").exists());
    let full = report("16");
    let output_text = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{output_text}");
    assert_eq!(output_text.lines().count(), 1, "one clear line: {output_text}");
    assert!(output_text.contains("cannot write report/"), "{output_text}");
    let entries = fs::read_dir(checkout.0.join("target")).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let is_report = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("report");
    assert!(!names.iter().any(is_report), "{names:?}");
}
