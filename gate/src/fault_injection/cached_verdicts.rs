//! A verdict is taken from the cache if nothing changed, and never otherwise.

use std::fs;
use std::slice::from_ref;

use crate::definition::Gate;
use crate::fault_injection::fixture::{Fixture, GATE, HONEST, TOOL};
use crate::finding::Finding;
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::waivers::{Ledger, sample_entry, warnings};

const TODAY: &str = "2026-11-21T10:00:00Z";

/// Behaves correctly, and counts its runs.
fn script() -> String {
    format!("echo x >> \"${{0%/*}}/../count\"\n{HONEST}")
}

fn waiver() -> String {
    sample_entry("gitleaks", "fault", "").replace("2026-11-01", "2026-11-21")
}

/// How often the tool ran: on the canary and on the tree, or not at all.
fn runs(fixture: &Fixture, began: &str, profile: GateProfile) -> (usize, Outcome) {
    let file = fixture.folder.join("count");
    let _may_be_absent = fs::remove_file(&file);
    let outcome = fixture.run_all(&GATE, began, profile);
    let count = fs::read_to_string(file).unwrap_or_default();
    (count.lines().count(), outcome)
}

#[test]
fn an_unchanged_tree_uses_the_cached_verdict_with_its_time() {
    let fixture = Fixture::new("unchanged", &script());
    let (first, before) = runs(&fixture, TODAY, GateProfile::Local);
    assert_eq!((first, before.verdict), (2, Verdict::Pass));
    let (second, after) = runs(&fixture, TODAY, GateProfile::Local);
    assert_eq!(second, 0);
    assert_eq!(after, before, "with the time at which it ran");
    fixture.write("other.md", "no input of this gate");
    assert_eq!(runs(&fixture, TODAY, GateProfile::Local).0, 0);
    let release = runs(&fixture, TODAY, GateProfile::Release);
    assert_eq!(release.0, 2, "a release never uses the cache");
}

#[test]
fn a_changed_file_ledger_canary_tool_or_day_is_scanned_again() {
    let fixture = Fixture::new("changed", &script());
    let scans_again = |began: &str, what: &str| {
        assert_eq!(runs(&fixture, began, GateProfile::Local).0, 2, "{what}");
        let unchanged = runs(&fixture, began, GateProfile::Local);
        assert_eq!(unchanged.0, 0, "nothing changed after {what}");
    };
    scans_again(TODAY, "the first run");
    fixture.write("a.txt", "something");
    scans_again(TODAY, "a file");
    fixture.write("b.txt", "");
    scans_again(TODAY, "a new file");
    fixture.write("security/waivers.toml", &waiver());
    scans_again(TODAY, "the ledger");
    fixture.write("canaries/fake/more", "planted");
    scans_again(TODAY, "the canary");
    fixture.tool(&format!("{}\n# new", script()));
    scans_again(TODAY, "the tool");
    scans_again("2026-11-22T10:00:00Z", "the day");
    let gate = Gate {
        data: |_| None,
        ..GATE
    };
    for _ in 0..2 {
        let outcome = fixture.run_all(&gate, "2026-11-22T11:00:00Z", GateProfile::Local);
        assert_eq!(outcome.verdict, Verdict::Pass);
    }
    let cached = fixture
        .context
        .settings
        .target
        .join("xtask/gate/fake/verdict.json");
    assert!(!cached.exists(), "a database of unknown revision");
}

#[test]
fn a_failure_is_never_cached_and_an_expired_waiver_covers_nothing() {
    let fixture = Fixture::new("bad", &script());
    fixture.write("fault.txt", "bad");
    for _ in 0..2 {
        let (runs, outcome) = runs(&fixture, TODAY, GateProfile::Local);
        assert_eq!((runs, outcome.verdict), (2, Verdict::Fail));
    }
    fixture.write("security/waivers.toml", &waiver());
    for (began, verdict) in [
        (TODAY, Verdict::Waived),
        ("2026-12-01T23:59:59Z", Verdict::Waived),
        ("2026-12-02T00:00:00Z", Verdict::Fail),
    ] {
        let (_, outcome) = runs(&fixture, began, GateProfile::Local);
        assert_eq!(outcome.verdict, verdict, "{began}");
    }
}

#[test]
fn an_unused_waiver_is_reported_only_if_its_gate_ran() {
    let fixture = Fixture::new("unused", HONEST);
    let ledger = Ledger::parse(&waiver());
    let day = |day: &str| day.parse().unwrap();
    let unused =
        |outcomes: &[Outcome]| warnings::unused(&ledger, &[&GATE], outcomes, day("2026-11-22")).len();
    let mut outcome = fixture.run(&GATE);
    assert_eq!(unused(from_ref(&outcome)), 1);
    assert_eq!(unused(&[]), 0, "not requested");
    outcome.findings.push(Finding::new(TOOL, "fault", "bad"));
    assert_eq!(unused(from_ref(&outcome)), 0, "used");
    fixture.remove_tool();
    assert_eq!(unused(&[fixture.run(&GATE)]), 0, "not run");
    let ending = |today: &str| warnings::ending(&ledger, day(today));
    assert_eq!(ending("2026-11-16"), [""; 0]);
    assert_eq!(ending("2026-11-17"), ["waiver W-1 (fault): 14 days left"]);
    assert_eq!(ending("2026-12-02"), [""; 0], "it has expired, so the gate fails");
}
