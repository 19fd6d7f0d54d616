//! The gate with a shell script as ZAP: it behaves like ZAP 2.17.0, in each way in which a scan looks complete and is not.

use std::time::Duration;

use crate::dast::zap::attack;
use crate::dast::zap::plan::ZapTarget;
use crate::definition::Gate;
use crate::fault_injection::fixture::{Fixture, TOKEN, assert_fails};
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::scan;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanOutcome;
use crate::waivers::Ledger;

const URL: &str = "http://127.0.0.1:18080";

/// Runs ZAP like the real gate, against a target that exists only in the script.
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

/// The output and report of a successful scan with these alerts.
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

/// Runs the gate with a script, preceded by these settings.
fn run(name: &str, settings: &str, script: &str) -> Outcome {
    let fixture = Fixture::new(name, "");
    fixture.program("zap.sh", &format!("TOOK=00:00:35\n{settings}\n{script}"));
    let outcome = fixture.run(&GATE);
    assert!(!fixture.contains(TOKEN), "the output contains the token");
    outcome
}

#[test]
fn a_complete_scan_without_findings_passes() {
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
    assert_fails(
        &outcome,
        "40012: Cross Site Scripting (Reflected), parameter q at GET /echo",
    );
    assert_eq!(outcome.findings[0].aliases, ["40012", "CWE-79"]);
}

#[test]
fn an_incomplete_scan_does_not_pass() {
    let dead = "[ \"$2\" = -version ] && echo 2.17.0 && exit 0\nexit 1";
    let nothing = good("").replace(&format!(r#"{{"@name": "{URL}", "alerts": []}}"#), "");
    let failed = format!(
        "{}\necho 'Automation plan failures:'; echo ' Job openapi failed to parse'; exit 1",
        good("")
    );
    let silent = good("").replace("proof: nothing", "");
    let killed = format!("{}\nkill -9 $$", good(""));
    for (name, settings, script, reason) in [
        ("zap-dead", "", dead, "wrote no zap.json"),
        ("zap-empty", "", &nothing, "says nothing about"),
        ("zap-refused", "REFUSED=1", &good(""), "nothing refused the token"),
        ("zap-died", "DIED=1", &good(""), "everything was answered"),
        ("zap-cap", "TOOK=00:15:00", &good(""), "cut off"),
        ("zap-plan", "", &failed, "Job openapi failed to parse"),
        ("zap-silent", "", &silent, "does not report"),
        ("zap-killed", "", &killed, "did not end by itself"),
    ] {
        assert_fails(&run(name, settings, script), reason);
    }
}

#[test]
fn an_earlier_report_is_not_read() {
    let fixture = Fixture::new("zap-yesterday", "");
    fixture.program("zap.sh", &format!("TOOK=00:00:35\n{}", good("")));
    assert_eq!(fixture.run(&GATE).verdict, Verdict::Pass);
    fixture.program("zap.sh", "[ \"$2\" = -version ] && echo 2.17.0");
    assert_fails(&fixture.run(&GATE), "wrote no zap.json");
}

#[test]
fn a_token_that_zap_prints_is_redacted_and_one_that_it_writes_fails() {
    let printing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\"", good(""));
    assert_eq!(run("zap-prints", "", &printing).verdict, Verdict::Pass);
    let writing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\" > more.json", good(""));
    assert_fails(
        &run("zap-writes", "", &writing),
        "a secret of this run was in more.json",
    );
}

#[test]
fn without_zap_the_gate_does_not_run() {
    let fixture = Fixture::new("zap-none", "");
    let run_state = fixture.run_state("2026-11-21T10:00:00Z", GateProfile::Local);
    let outcome = scan::run(&GATE, &run_state, &Ledger::default());
    assert_eq!(
        (outcome.verdict, outcome.fatal),
        (Verdict::NotRun, false),
        "{}",
        outcome.reason
    );
}
