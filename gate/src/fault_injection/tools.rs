//! One gate and one fault of its tool: never a pass, and the reason says what happened.

use std::fs;
use std::time::{Duration, Instant};

use crate::definition::Gate;
use crate::fault_injection::fixture::{
    Fixture, GATE, HONEST, TOKEN, VERSION, honest_only_with_canary, looked,
};
use crate::outcome::{Canary, MissingReason, Outcome, Verdict};
use crate::report::model::Report;

fn with(name: &str, script: &str) -> Outcome {
    Fixture::new(name, script).run(&GATE)
}

fn broke(name: &str, script: &str, reason: &str) {
    let outcome = with(name, &honest_only_with_canary(script));
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:?}");
    assert!(outcome.reason.contains(reason), "{}", outcome.reason);
    assert_eq!(outcome.canary, Canary::Found(vec!["planted".into()]));
    assert_eq!(Report::verdict_of(&[outcome]), Verdict::Fail);
}

#[test]
fn an_honest_tool_passes_and_says_who_looked_at_what() {
    let outcome = with("honest", HONEST);
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
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert!(outcome.reason.starts_with("fault"), "{}", outcome.reason);
}

#[test]
fn exit_0_and_no_report() {
    broke("silent", "exit 0", "wrote no report.json");
}

#[test]
fn exit_1_and_broken_json() {
    broke(
        "broken",
        "echo '{\"files\":' > \"$2\"; echo 'out of memory' >&2; exit 1",
        "no JSON",
    );
    broke(
        "reason",
        "echo '{\"files\":' > \"$2\"; echo 'out of memory' >&2; exit 1",
        "exit code 1: out of memory",
    );
}

#[test]
fn an_empty_report() {
    broke("empty", ": > \"$2\"", "wrote an empty report.json");
}

#[test]
fn an_error_code_beside_a_good_report() {
    broke("code", &format!("{HONEST}\nexit 3"), "exit code 3");
    broke("killed", &format!("{HONEST}\nkill -9 $$"), "exit code -9");
}

#[test]
fn a_report_of_yesterday_is_not_taken_for_todays() {
    let fixture = Fixture::new("yesterday", &honest_only_with_canary("exit 0"));
    fs::create_dir_all(fixture.looks()).unwrap();
    fs::write(fixture.looks().join("report.json"), r#"{"files":9,"rules":[]}"#).unwrap();
    let outcome = fixture.run(&GATE);
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert!(
        outcome.reason.contains("wrote no report.json"),
        "{}",
        outcome.reason
    );
}

#[test]
fn a_hang_ends_at_the_limit_with_all_that_it_started() {
    let fixture = Fixture::new(
        "hang",
        &honest_only_with_canary("sleep 1000 & echo $! > \"$2.pid\"; wait"),
    );
    let since = Instant::now();
    let outcome = fixture.run(&Gate {
        timeout: Duration::from_secs(1),
        ..GATE
    });
    assert!(since.elapsed() < Duration::from_secs(30));
    assert_eq!((outcome.verdict, outcome.lack), (Verdict::Fail, None));
    assert!(
        outcome.reason.contains("did not end within 1 s"),
        "{}",
        outcome.reason
    );
    let pid = fs::read_to_string(fixture.looks().join("report.json.pid")).unwrap();
    assert!(is_gone(pid.trim()), "the tool's own child is left");
}

#[test]
fn a_missing_tool_is_not_run_and_fails_those_who_insist() {
    let fixture = Fixture::new("missing", HONEST);
    fixture.remove_tool();
    let outcome = fixture.run(&GATE);
    assert_eq!(
        (outcome.verdict, outcome.lack, outcome.fatal),
        (Verdict::NotRun, Some(MissingReason::Tool), false)
    );
    assert_eq!(outcome.reason, "no gitleaks 8.30.1");
    let run = |profile| fixture.run_all(&GATE, "2026-11-21T10:00:00Z", profile);
    assert!(run(crate::profile::GateProfile::Pipeline).fatal);
}

#[test]
fn an_old_version_on_path_is_no_tool() {
    let fixture = Fixture::new("old", HONEST);
    fixture.tool("echo 8.1.0");
    let outcome = fixture.run(&GATE);
    assert_eq!(
        (outcome.verdict, outcome.lack),
        (Verdict::NotRun, Some(MissingReason::Tool))
    );
    assert!(outcome.reason.contains("8.1.0, not 8.30.1"), "{}", outcome.reason);
}

#[test]
fn a_gate_that_panics_fails_and_keeps_nobody() {
    let fixture = Fixture::new("panic", HONEST);
    let gate = Gate {
        scan: |ctx| Ok(vec![looked(ctx, "strict")?].swap_remove(1)),
        ..GATE
    };
    let outcome = fixture.run_all(&gate, "2026-11-21T10:00:00Z", crate::profile::GateProfile::Local);
    assert_eq!((outcome.verdict, outcome.fatal), (Verdict::Fail, true));
    assert_eq!(outcome.reason, "the scan failed: the gate itself panicked");
}

#[test]
fn who_looked_at_nothing_is_not_trusted() {
    let outcome = with(
        "idle",
        &honest_only_with_canary("printf '{\"files\":0,\"rules\":[]}' > \"$2\""),
    );
    assert_eq!(outcome.verdict, Verdict::Untrusted);
    assert!(outcome.fatal);
}

#[test]
fn a_blind_canary_makes_the_gate_untrusted() {
    let fixture = Fixture::new("blind", HONEST);
    // Its settings are broken on purpose: the tool looks, and finds nothing any more.
    let outcome = fixture.run(&Gate {
        scan: |ctx| looked(ctx, "lax"),
        ..GATE
    });
    assert_eq!(outcome.verdict, Verdict::Untrusted);
    assert_eq!(outcome.reason, "missed the planted defect: planted");
    assert!(outcome.fatal);
    let broken = with(
        "blind-broken",
        "[ -e defect ] && exit 0; printf '{\"files\":1,\"rules\":[]}' > \"$2\"",
    );
    assert_eq!(
        broken.verdict,
        Verdict::Untrusted,
        "a canary on which the tool breaks was not found"
    );
}

#[test]
fn a_token_that_a_tool_prints_is_nowhere() {
    let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let script = format!(
        "echo 'with {TOKEN}'; echo '{TOKEN} {jwt}' >&2; printf '{{\"files\":1,\"rules\":[\"{TOKEN}\"]}}' > \"$2\"; exit 1"
    );
    let fixture = Fixture::new("token", &honest_only_with_canary(&script));
    let outcome = fixture.run(&GATE);
    assert_eq!(outcome.verdict, Verdict::Fail);
    let mut texts = vec![serde_json::to_string(&outcome).unwrap()];
    for file in fs::read_dir(fixture.looks()).unwrap() {
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
fn a_full_disk_is_no_pass() {
    let fixture = Fixture::new("full", HONEST);
    let on_full_disk = |ctx: &crate::scan_context::ScanContext<'_>| {
        std::os::unix::fs::symlink("/dev/full", ctx.folder.join("fake.out"))?;
        looked(ctx, "strict")
    };
    // Where the tool says nothing, nothing is written to the full disk.
    fixture.tool(&format!(
        "[ \"$1\" = version ] && {{ echo {VERSION}; exit 0; }}\necho words\n{HONEST}"
    ));
    let outcome = fixture.run(&Gate {
        scan: on_full_disk,
        ..GATE
    });
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert!(
        outcome.reason.contains("cannot write") && outcome.reason.contains("fake.out"),
        "{}",
        outcome.reason
    );
}

/// A process that nobody has collected yet is gone as well.
fn is_gone(pid: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next());
        if matches!(state, None | Some("Z")) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
