//! A verdict is taken over when nothing has changed, and never when anything has.

use std::fs;

use crate::definition::Gate;
use crate::fault_injection::fixture::{Fixture, GATE, HONEST, TOOL, VERSION};
use crate::finding::Finding;
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::waivers::Ledger;
use crate::waivers::warnings;

const TODAY: &str = "2026-11-21T10:00:00Z";

/// Counts how often the tool looked.
const COUNTED: &str = "echo x >> \"${0%/*}/../count\"";

const WAIVER: &str = "[[waiver]]\nid = \"W-1\"\ntools = [\"gitleaks\"]\nrule = \"fault\"\nreason = \"r\"\nowner = \"o\"\n\
                      created = \"2026-11-21\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n";

fn script() -> String {
    format!("{COUNTED}\n{HONEST}")
}

/// How often the tool looked in a run: twice, or not at all.
fn looks(fixture: &Fixture, began: &str, profile: GateProfile) -> (usize, Outcome) {
    let file = fixture.context.settings.target.parent().unwrap().join("count");
    let _none_there = fs::remove_file(&file);
    let outcome = fixture.run_all(&GATE, began, profile);
    (
        fs::read_to_string(file).unwrap_or_default().lines().count(),
        outcome,
    )
}

#[test]
fn an_unchanged_tree_takes_the_verdict_over_and_says_since_when() {
    let fixture = Fixture::new("unchanged", &script());
    let (first, before) = looks(&fixture, TODAY, GateProfile::Local);
    assert_eq!(
        (first, before.verdict),
        (2, Verdict::Pass),
        "the planted defect and the tree"
    );
    let (second, after) = looks(&fixture, TODAY, GateProfile::Local);
    assert_eq!(second, 0);
    assert_eq!(after, before, "with the time at which it ran");
    fixture.write("other.md", "no input of this gate");
    assert_eq!(looks(&fixture, TODAY, GateProfile::Local).0, 0);
    assert_eq!(
        looks(&fixture, TODAY, GateProfile::Release).0,
        2,
        "a release takes nothing over"
    );
}

#[test]
fn a_changed_file_ledger_defect_tool_or_day_does_not() {
    let fixture = Fixture::new("changed", &script());
    let again = |began: &str, what: &str| {
        assert_eq!(looks(&fixture, began, GateProfile::Local).0, 2, "{what}");
        assert_eq!(
            looks(&fixture, began, GateProfile::Local).0,
            0,
            "{what}, and then nothing"
        );
    };
    again(TODAY, "the first time");
    fixture.write("a.txt", "something");
    again(TODAY, "a file");
    fixture.write("b.txt", "");
    again(TODAY, "a new file");
    fixture.write("security/waivers.toml", WAIVER);
    again(TODAY, "the ledger");
    fixture.write("canaries/fake/more", "planted");
    again(TODAY, "the planted defect");
    fixture.tool(&format!(
        "[ \"$1\" = version ] && {{ echo {VERSION}; exit 0; }}\n{}\n# new",
        script()
    ));
    again(TODAY, "the tool");
    again("2026-11-22T10:00:00Z", "the day");
    let gate = Gate {
        data: |_| None,
        ..GATE
    };
    let run = || fixture.run_all(&gate, "2026-11-22T11:00:00Z", GateProfile::Local);
    let (one, two) = (run(), run());
    assert_eq!((one.verdict, two.verdict), (Verdict::Pass, Verdict::Pass));
    assert!(
        !fixture
            .context
            .settings
            .target
            .join("xtask/gate/fake/verdict.json")
            .exists(),
        "unknown data"
    );
}

#[test]
fn a_bad_verdict_is_never_taken_over_and_an_expired_waiver_covers_nothing() {
    let fixture = Fixture::new("bad", &script());
    fixture.write("fault.txt", "bad");
    for _ in 0..2 {
        let (looks, outcome) = looks(&fixture, TODAY, GateProfile::Local);
        assert_eq!((looks, outcome.verdict), (2, Verdict::Fail));
    }
    fixture.write("security/waivers.toml", WAIVER);
    assert_eq!(
        looks(&fixture, TODAY, GateProfile::Local).1.verdict,
        Verdict::Waived
    );
    assert_eq!(
        looks(&fixture, "2026-12-01T23:59:59Z", GateProfile::Local)
            .1
            .verdict,
        Verdict::Waived
    );
    assert_eq!(
        looks(&fixture, "2026-12-02T00:00:00Z", GateProfile::Local)
            .1
            .verdict,
        Verdict::Fail
    );
}

#[test]
fn a_waiver_that_nothing_uses_is_told_only_when_its_gate_looked() {
    let fixture = Fixture::new("unused", HONEST);
    let ledger = Ledger::parse(WAIVER);
    let day = |day: &str| day.parse().unwrap();
    let unused =
        |outcomes: &[Outcome]| warnings::unused(&ledger, &[&GATE], outcomes, day("2026-11-22")).len();
    let mut outcome = fixture.run(&GATE);
    assert_eq!(unused(std::slice::from_ref(&outcome)), 1);
    assert_eq!(unused(&[]), 0, "left out");
    outcome.findings.push(Finding::new(TOOL, "fault", "bad"));
    assert_eq!(unused(std::slice::from_ref(&outcome)), 0, "used");
    fixture.remove_tool();
    assert_eq!(unused(&[fixture.run(&GATE)]), 0, "not run");
    assert_eq!(warnings::ending(&ledger, day("2026-11-16")), [] as [&str; 0]);
    assert_eq!(
        warnings::ending(&ledger, day("2026-11-17")),
        ["waiver W-1 (fault): 14 days left"]
    );
    assert_eq!(
        warnings::ending(&ledger, day("2026-12-02")),
        [] as [&str; 0],
        "then the gate fails"
    );
}
