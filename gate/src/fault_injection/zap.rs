//! The gate with a shell script as ZAP, which prints what ZAP 2.17.0 printed in recorded runs, in each way in which a scan
//! looks complete and is not.

use std::fs;
use std::time::Duration;

use crate::dast::zap::plan::ZapTarget;
use crate::dast::zap::{Credential, attack};
use crate::definition::Gate;
use crate::fault_injection::fixture::{Fixture, TOKEN, assert_fails};
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::scan;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanOutcome;
use crate::waivers::Ledger;

/// That of the recorded run of the service.
const URL: &str = "http://127.0.0.1:43209";

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
        pages: vec!["/auth/me".to_owned()],
        operations: Some(44),
    };
    let bearer = format!("Bearer {TOKEN}");
    let credential = Credential {
        header: "Authorization",
        value: &bearer,
    };
    attack(ctx, &target, &credential, "user", "{}")
}

const SERVICE: &str = include_str!("../dast/zap/recorded/service.out");
const CANARY: &str = include_str!("../dast/zap/recorded/canary.out");
const DEAD: &str = include_str!("../dast/zap/recorded/dead.out");
const REFUSED: &str = include_str!("../dast/zap/recorded/refused-token.out");
const NO_DOCUMENT: &str = include_str!("../dast/zap/recorded/nofile.out");

/// What `zap.sh -version` prints.
const VERSION: &str = r#"
case "$*" in *-silent*-version*)
  echo "Found Java version 17.0.15"; echo "Available memory: 24105 MB"; echo "Using JVM args: -Xmx6026m"; echo 2.17.0; exit 0;;
esac
"#;

/// Prints this, and reports these alerts.
fn zap(output: &str, alerts: &str) -> String {
    format!(
        r#"{VERSION}
while [ $# -gt 0 ]; do [ "$1" = -dir ] && home=$2; shift; done
mkdir -p "$home/session" && echo "$ZAP_AUTH_HEADER_VALUE" > "$home/session/requests"
[ -n "$ZAP_AUTH_HEADER_SITE" ] && [ "$ZAP_AUTH_HEADER" = Authorization ] || exit 9
cat <<'OUTPUT'
{output}
OUTPUT
cat > user-zap.json <<'JSON'
{{"@programName": "ZAP", "@version": "2.17.0", "site": [{{"@name": "{URL}", "alerts": [{alerts}]}}]}}
JSON
"#
    )
}

/// The output and report of a successful scan with these alerts.
fn good(alerts: &str) -> String {
    zap(SERVICE, alerts)
}

const HIGH: &str = r#"{"pluginid": "40012", "alertRef": "40012", "name": "Cross Site Scripting (Reflected)", "riskcode": "3",
    "cweid": "79", "instances": [{"uri": "http://127.0.0.1:43209/echo?q=1", "method": "GET", "param": "q"}]}"#;

/// Runs the gate with a script.
fn run(name: &str, script: &str) -> Outcome {
    let fixture = Fixture::new(name, "");
    fixture.program("zap.sh", script);
    let outcome = fixture.run(&GATE);
    assert!(!fixture.contains(TOKEN), "the output contains the token");
    outcome
}

#[test]
fn a_complete_scan_without_findings_passes() {
    let outcome = run("zap-good", &good(""));
    assert_eq!(
        (outcome.verdict, outcome.reason.as_str()),
        (Verdict::Pass, "44 operations as user")
    );
    let informs = good(&HIGH.replace(r#""riskcode": "3""#, r#""riskcode": "0""#));
    assert_eq!(run("zap-informs", &informs).verdict, Verdict::Pass);
}

#[test]
fn a_high_alert_fails_though_zap_exits_with_0() {
    let outcome = run("zap-high", &good(HIGH));
    assert_fails(
        &outcome,
        "40012: Cross Site Scripting (Reflected), parameter q at GET /echo",
    );
    assert_eq!(outcome.findings[0].aliases, ["CWE-79"]);
}

#[test]
fn an_alert_is_no_failure_of_the_plan() {
    // The recorded run has fewer operations and an alert above the level of its job `exitStatus`.
    let output = CANARY.replace("[2 >= 2]", "[44 >= 44]");
    assert_fails(&run("zap-alert", &zap(&output, HIGH)), "Cross Site Scripting");
}

#[test]
fn an_incomplete_scan_does_not_pass() {
    let dead = format!("{VERSION}\necho \"Unsupported option '-port'.\"; exit 1");
    let nothing = good("").replace(&format!(r#"{{"@name": "{URL}", "alerts": []}}"#), "");
    let capped = SERVICE.replace(
        "activeScan finished, time taken: 00:02:21",
        "activeScan finished, time taken: 00:15:00",
    );
    let silent = SERVICE.replace("passed: proof: nothing refused", "");
    let killed = format!("{}\nkill -9 $$", good(""));
    for (name, script, reason) in [
        ("zap-dead", dead, "Unsupported option '-port'."),
        ("zap-empty", nothing, "says nothing about"),
        ("zap-refused", zap(REFUSED, ""), "Expected : 200 Received : 401"),
        ("zap-away", zap(DEAD, ""), "Connection refused"),
        ("zap-cap", zap(&capped, ""), "cut off"),
        ("zap-plan", zap(NO_DOCUMENT, ""), "cannot read file"),
        ("zap-silent", zap(&silent, ""), "does not report"),
        ("zap-killed", killed, "did not end by itself"),
    ] {
        assert_fails(&run(name, &script), reason);
    }
}

#[test]
fn an_earlier_report_is_not_read() {
    let fixture = Fixture::new("zap-yesterday", "");
    fixture.program("zap.sh", &good(""));
    assert_eq!(fixture.run(&GATE).verdict, Verdict::Pass);
    fixture.program("zap.sh", VERSION);
    assert_fails(&fixture.run(&GATE), "wrote no user-zap.json");
}

#[test]
fn other_add_ons_are_another_tool() {
    let fixture = Fixture::new("zap-addons", "");
    fixture.program("zap.sh", &good(""));
    let digest = || fixture.run(&GATE).tools[0].digest.clone();
    let before = digest();
    let plugin = fixture.folder.join("bin/plugin");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("ascanrules-release-84.zap"), "rules").unwrap();
    assert_ne!(before, digest());
}

#[test]
fn a_token_that_zap_prints_is_redacted_and_one_that_it_writes_fails() {
    let printing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\"", good(""));
    assert_eq!(run("zap-prints", &printing).verdict, Verdict::Pass);
    let writing = format!("{}\necho \"$ZAP_AUTH_HEADER_VALUE\" > more.json", good(""));
    assert_fails(
        &run("zap-writes", &writing),
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
