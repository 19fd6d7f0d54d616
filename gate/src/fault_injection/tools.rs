//! One gate whose tool fails in one way: the verdict is never a pass, and the reason says what happened.

use std::fs;
use std::time::{Duration, Instant};

use crate::definition::Gate;
use crate::fault_injection::fixture::{
    Fixture, GATE, HONEST, TOKEN, VERSION, assert_fails, honest_only_with_canary, scan_with,
};
use crate::outcome::{Canary, MissingReason, Outcome, Verdict};
use crate::profile::GateProfile;
use crate::report::model::Report;
use crate::scan_context::ScanContext;

const BEGAN: &str = "2026-11-21T10:00:00Z";

fn run(name: &str, script: &str) -> Outcome {
    Fixture::new(name, script).run(&GATE)
}

/// A tool that behaves like this script on the tree fails the run, although it found the canary.
fn breaks(name: &str, script: &str, reason: &str) {
    let outcome = run(name, &honest_only_with_canary(script));
    assert_fails(&outcome, reason);
    assert_eq!(outcome.canary, Canary::Found(vec!["planted".into()]));
    assert_eq!(Report::verdict_of(&[outcome]), Verdict::Fail);
}

#[test]
fn an_honest_tool_passes_with_its_identity_and_work() {
    let outcome = run("honest", HONEST);
    assert_eq!(
        (outcome.verdict, outcome.reason.as_str()),
        (Verdict::Pass, "1 files")
    );
    assert_eq!(outcome.canary, Canary::Found(vec!["planted".into()]));
    let tool = &outcome.tools[0];
    assert_eq!(
        (tool.version.as_str(), tool.source.as_str(), tool.digest.len()),
        (VERSION, "path", 64)
    );
}

#[test]
fn a_finding_in_the_tree_fails() {
    let fixture = Fixture::new("finding", HONEST);
    fixture.write("fault", "bad");
    let outcome = fixture.run(&GATE);
    assert_fails(&outcome, "");
    assert!(outcome.reason.starts_with("fault"), "{}", outcome.reason);
}

#[test]
fn exit_0_and_no_report() {
    breaks("silent", "exit 0", "wrote no report.json");
}

#[test]
fn exit_1_and_broken_json() {
    let script = "echo '{\"files\":' > \"$2\"; echo 'out of memory' >&2; exit 1";
    breaks("broken", script, "no JSON");
    breaks("reason", script, "exit code 1: out of memory");
}

#[test]
fn an_empty_report() {
    breaks("empty", ": > \"$2\"", "wrote an empty report.json");
}

#[test]
fn an_error_code_beside_a_good_report() {
    breaks("code", &format!("{HONEST}\nexit 3"), "exit code 3");
    breaks("killed", &format!("{HONEST}\nkill -9 $$"), "exit code -9");
}

#[test]
fn an_earlier_report_is_not_read() {
    let fixture = Fixture::new("yesterday", &honest_only_with_canary("exit 0"));
    fs::create_dir_all(fixture.scan_folder()).unwrap();
    let report = fixture.scan_folder().join("report.json");
    fs::write(report, r#"{"files":9,"rules":[]}"#).unwrap();
    assert_fails(&fixture.run(&GATE), "wrote no report.json");
}

#[test]
fn a_tool_that_hangs_is_stopped_with_its_children() {
    let script = honest_only_with_canary("sleep 1000 & echo $! > \"$2.pid\"; wait");
    let fixture = Fixture::new("hang", &script);
    let since = Instant::now();
    let outcome = fixture.run(&Gate {
        timeout: Duration::from_secs(1),
        ..GATE
    });
    assert!(since.elapsed() < Duration::from_secs(30));
    assert_fails(&outcome, "did not end within 1 s");
    assert_eq!(outcome.missing, None);
    let pid = fs::read_to_string(fixture.scan_folder().join("report.json.pid")).unwrap();
    assert!(is_gone(pid.trim()), "the tool's child still runs");
}

#[test]
fn a_missing_tool_is_not_run_and_fails_the_stricter_profiles() {
    let fixture = Fixture::new("missing", HONEST);
    fixture.remove_tool();
    let outcome = fixture.run(&GATE);
    assert_eq!(
        (outcome.verdict, outcome.missing, outcome.fatal),
        (Verdict::NotRun, Some(MissingReason::Tool), false)
    );
    assert_eq!(outcome.reason, "no gitleaks 8.30.1");
    assert!(fixture.run_all(&GATE, BEGAN, GateProfile::Pipeline).fatal);
}

#[test]
fn an_old_version_on_path_is_not_used() {
    let fixture = Fixture::new("old", HONEST);
    fixture.program("gitleaks", "echo 8.1.0");
    let outcome = fixture.run(&GATE);
    assert_eq!(
        (outcome.verdict, outcome.missing),
        (Verdict::NotRun, Some(MissingReason::Tool))
    );
    assert!(outcome.reason.contains("8.1.0, not 8.30.1"), "{}", outcome.reason);
}

#[test]
fn a_gate_that_panics_fails_and_the_run_ends() {
    let fixture = Fixture::new("panic", HONEST);
    let gate = Gate {
        scan: |ctx| Ok(vec![scan_with(ctx, "strict")?].swap_remove(1)),
        ..GATE
    };
    let outcome = fixture.run_all(&gate, BEGAN, GateProfile::Local);
    assert_eq!((outcome.verdict, outcome.fatal), (Verdict::Fail, true));
    assert_eq!(outcome.reason, "the scan failed: the gate itself panicked");
}

#[test]
fn a_tool_that_checks_nothing_is_not_trusted() {
    let script = honest_only_with_canary("printf '{\"files\":0,\"rules\":[]}' > \"$2\"");
    let outcome = run("idle", &script);
    assert_eq!((outcome.verdict, outcome.fatal), (Verdict::Untrusted, true));
}

#[test]
fn a_missed_canary_makes_the_gate_untrusted() {
    let fixture = Fixture::new("blind", HONEST);
    // With these settings the tool runs and finds nothing.
    let outcome = fixture.run(&Gate {
        scan: |ctx| scan_with(ctx, "lax"),
        ..GATE
    });
    assert_eq!((outcome.verdict, outcome.fatal), (Verdict::Untrusted, true));
    assert_eq!(outcome.reason, "missed the planted defect: planted");
    let script = "[ -e defect ] && exit 0; printf '{\"files\":1,\"rules\":[]}' > \"$2\"";
    let broken = run("blind-broken", script);
    let what = "a canary on which the tool fails was not found";
    assert_eq!(broken.verdict, Verdict::Untrusted, "{what}");
}

#[test]
fn a_token_that_a_tool_prints_is_redacted_everywhere() {
    let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let script = format!(
        "echo 'with {TOKEN}'; echo '{TOKEN} {jwt}' >&2; printf '{{\"files\":1,\"rules\":[\"{TOKEN}\"]}}' > \"$2\"; exit 1"
    );
    let fixture = Fixture::new("token", &honest_only_with_canary(&script));
    let outcome = fixture.run(&GATE);
    assert_eq!(outcome.verdict, Verdict::Fail);
    let mut texts = vec![serde_json::to_string(&outcome).unwrap()];
    for file in fs::read_dir(fixture.scan_folder()).unwrap() {
        texts.push(fs::read_to_string(file.unwrap().path()).unwrap());
    }
    assert_eq!(texts.len(), 4, "the outcome, two outputs, the report");
    for text in texts {
        assert!(
            text.contains("[redacted]") && !text.contains(TOKEN) && !text.contains(jwt),
            "{text}"
        );
    }
}

#[test]
fn a_full_disk_fails() {
    let on_full_disk = |ctx: &ScanContext<'_>| {
        std::os::unix::fs::symlink("/dev/full", ctx.folder.join("fake.out"))?;
        scan_with(ctx, "strict")
    };
    // Only output is written to the full disk.
    let fixture = Fixture::new("full", &format!("echo output\n{HONEST}"));
    let outcome = fixture.run(&Gate {
        scan: on_full_disk,
        ..GATE
    });
    assert_fails(&outcome, "cannot write");
    assert_fails(&outcome, "fake.out");
}

/// A zombie counts as gone.
fn is_gone(pid: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next();
        let state = after_name.and_then(|fields| fields.split_whitespace().next());
        if matches!(state, None | Some("Z")) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
