//! The gate over a ZAP that is a shell script: it behaves as ZAP 2.17.0 was seen to, in each way in which a scan looks done
//! and is not.

use std::time::Duration;

use crate::dast::zap::attack;
use crate::dast::zap::plan::ZapTarget;
use crate::definition::Gate;
use crate::fault_injection::fixture::{Fixture, TOKEN};
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::scan;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanOutcome;
use crate::waivers::Ledger;

const URL: &str = "http://127.0.0.1:18080";

/// The gate's own way to run ZAP, against a target that only the script knows.
const GATE: Gate = Gate {
    id: "fake",
    title: "ZAP",
    tools: &["zap"],
    timeout: Duration::from_secs(20),
    required_from: GateProfile::Release,
    scan: scan_with,
    ..Gate::DEFAULT
};

fn scan_with(ctx: &ScanContext<'_>) -> ScanOutcome {
    let target = ZapTarget {
        url: URL.to_owned(),
        own_account: "/items/1".to_owned(),
        operations: 2,
    };
    attack(ctx, &target, "{}", TOKEN)
}

/// What the real one prints and writes when all goes well. Its report is about this site, and says this of it.
fn good(alerts: &str) -> String {
    format!(
        r#"
[ "$2" = -version ] && {{ echo 2.17.0; exit 0; }}
mkdir -p "$9/session" && echo "$ZAP_AUTH_HEADER_VALUE" > "$9/session/requests"
[ -n "$ZAP_AUTH_HEADER_SITE" ] || exit 9
say() {{ echo "Job $1 test of type stats $2: $3 [$4]"; }}
say openapi passed "proof: operations imported" "2 >= 2"
say passiveScan-wait "$(test "$REFUSED" && echo failed || echo passed)" "proof: nothing refused the token" "0 == 0"
echo "Job activeScan finished, time taken: $TOOK"
say passiveScan-wait "$(test "$DIED" && echo failed || echo passed)" "proof: everything was answered" "0 == 0"
say passiveScan-wait passed "proof: everything on the site was answered" "0 == 0"
cat > zap.json <<'JSON'
{{"@programName": "ZAP", "@version": "2.17.0", "site": [{{"@name": "{URL}", "alerts": [{alerts}]}}]}}
JSON
"#
    )
}

const HIGH: &str = r#"{"pluginid": "40012", "alertRef": "40012", "name": "Cross Site Scripting (Reflected)", "riskcode": "3",
    "cweid": "79", "instances": [{"uri": "http://127.0.0.1:18080/echo?q=1", "method": "GET", "param": "q"}]}"#;

/// The verdict on a script that runs after these settings.
fn run(name: &str, settings: &str, script: &str) -> Outcome {
    let fixture = Fixture::new(name, "");
    fixture.program("zap.sh", &format!("TOOK=00:00:35\n{settings}\n{script}"));
    let outcome = fixture.run(&GATE);
    assert!(!fixture.holds(TOKEN), "the token is in what is kept");
    outcome
}

fn fails(outcome: &Outcome, reason: &str) {
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:?}");
    assert!(outcome.reason.contains(reason), "{}", outcome.reason);
}

#[test]
fn a_scan_that_did_all_of_its_work_and_found_nothing_passes() {
    let outcome = run("zap-good", "", &good(""));
    assert_eq!(
        (outcome.verdict, outcome.reason.as_str()),
        (Verdict::Pass, "2 operations")
    );
    let informs = good(&HIGH.replace(r#""riskcode": "3""#, r#""riskcode": "0""#));
    assert_eq!(run("zap-informs", "", &informs).verdict, Verdict::Pass);
}

#[test]
fn a_high_alert_fails_though_zap_exits_with_0() {
    let outcome = run("zap-high", "", &good(HIGH));
    fails(
        &outcome,
        "40012: Cross Site Scripting (Reflected), parameter q at GET /echo",
    );
    assert_eq!(outcome.findings[0].aliases, ["40012", "CWE-79"]);
}

#[test]
fn a_dead_host_a_refused_token_a_target_that_dies_and_the_cap_are_no_passes() {
    fails(
        &run(
            "zap-dead",
            "",
            "[ \"$2\" = -version ] && echo 2.17.0 && exit 0\nexit 1",
        ),
        "wrote no zap.json",
    );
    let nothing = good("").replace(&format!(r#"{{"@name": "{URL}", "alerts": []}}"#), "");
    fails(&run("zap-empty", "", &nothing), "says nothing about");
    fails(
        &run("zap-refused", "REFUSED=1", &good("")),
        "nothing refused the token",
    );
    fails(&run("zap-died", "DIED=1", &good("")), "everything was answered");
    fails(&run("zap-cap", "TOOK=00:15:00", &good("")), "cut off");
    let failed = format!(
        "{}\necho 'Automation plan failures:'; echo ' Job openapi failed to parse'; exit 1",
        good("")
    );
    fails(&run("zap-plan", "", &failed), "Job openapi failed to parse");
    let silent = good("").replace("proof: nothing", "");
    fails(&run("zap-silent", "", &silent), "does not report");
    fails(
        &run("zap-killed", "", &format!("{}\nkill -9 $$", good(""))),
        "did not end by itself",
    );
}

#[test]
fn a_report_of_yesterday_is_not_read() {
    let fixture = Fixture::new("zap-yesterday", "");
    fixture.program("zap.sh", &format!("TOOK=00:00:35\n{}", good("")));
    assert_eq!(fixture.run(&GATE).verdict, Verdict::Pass);
    fixture.program("zap.sh", "[ \"$2\" = -version ] && echo 2.17.0");
    fails(&fixture.run(&GATE), "wrote no zap.json");
}

#[test]
fn a_zap_that_shows_the_token_shows_nothing() {
    let printing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\"", good(""));
    assert_eq!(run("zap-prints", "", &printing).verdict, Verdict::Pass);
    let writing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\" > more.json", good(""));
    fails(
        &run("zap-writes", "", &writing),
        "a secret of this run was in more.json",
    );
}

#[test]
fn without_zap_it_did_not_run() {
    let fixture = Fixture::new("zap-none", "");
    let shared = fixture.shared("2026-11-21T10:00:00Z", GateProfile::Local);
    let outcome = scan::run(&GATE, &shared, &Ledger::default());
    assert_eq!(
        (outcome.verdict, outcome.fatal),
        (Verdict::NotRun, false),
        "{}",
        outcome.reason
    );
}
