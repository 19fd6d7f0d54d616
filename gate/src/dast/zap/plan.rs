//! ZAP's plan for its Automation Framework, built from types because ZAP ignores misspelt keys. JSON is valid YAML.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

/// In minutes. An attack that ends there is incomplete.
pub const MAX_ATTACK_MINUTES: u64 = 15;

/// Proof of coverage: ZAP got every operation of the document.
pub const IMPORTED: &str = "proof: operations imported";
/// Proof of coverage: every page answered 200.
pub const ANSWERED_PAGES: &str = "proof: pages answered";
pub const NOT_REFUSED: &str = "proof: nothing refused the token";
pub const NO_FAILURE: &str = "proof: everything was answered";

/// Rules that are switched off, and why. "HTTP Only Site" requests HTTPS where there is none, which counts as a failure to send.
pub const OFF: [(u64, &str); 3] = [
    (
        10106,
        "rule 10106 (HTTP Only Site) is off: the scan is over plain HTTP",
    ),
    (40026, "rule 40026 (DOM XSS) is off: it needs a browser"),
    (
        40043,
        "rule 40043 (Log4Shell) is off: it needs a callback server on the internet",
    ),
];

#[derive(Debug, Clone)]
pub struct ZapTarget {
    /// `http://127.0.0.1:3000`.
    pub url: String,
    /// Paths that answer 200 to the credential.
    pub pages: Vec<String>,
    /// How many operations the document has; `None` for a scan of the pages alone.
    pub operations: Option<u64>,
}

impl ZapTarget {
    /// Tests in the plan that prove a complete run; the first is of its coverage. ZAP prints each by its name.
    pub fn proofs(&self) -> &'static [&'static str] {
        match self.operations {
            Some(_) => &[IMPORTED, NOT_REFUSED, NO_FAILURE],
            None => &[ANSWERED_PAGES, NO_FAILURE],
        }
    }
}

#[derive(Debug, Serialize)]
struct Job {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Value::is_null")]
    parameters: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requests: Vec<Value>,
    #[serde(rename = "policyDefinition", skip_serializing_if = "Value::is_null")]
    policy: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tests: Vec<Test>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    statistic: &'static str,
    site: String,
    operator: &'static str,
    value: u64,
    on_fail: &'static str,
}

/// The plan: it reads the document and writes the report with these names in `folder`. It filters no alert: only the ledger
/// accepts findings. A job `exitStatus` would report alerts as failures of the plan.
pub fn plan(target: &ZapTarget, folder: &Path, document: &str, report: &str) -> String {
    let url = &target.url;
    let stats = |name, statistic, site: &str, operator, value| Test {
        name,
        kind: "stats",
        statistic,
        site: site.to_owned(),
        operator,
        value,
        on_fail: "error",
    };
    let wait = |tests| Job {
        tests,
        ..job("passiveScan-wait", json!({ "maxDuration": 5 }))
    };
    let pages = target.pages.iter();
    let pages =
        pages.map(|path| json!({ "url": format!("{url}{path}"), "method": "GET", "responseCode": 200 }));
    let mut jobs = vec![Job {
        requests: pages.collect(),
        ..job("requestor", Value::Null)
    }];
    if let Some(operations) = target.operations {
        jobs.push(Job {
            // Without targetUrl the servers that the document names are attacked; this statistic has no site.
            tests: vec![stats(IMPORTED, "openapi.urls.added", "", ">=", operations)],
            ..job(
                "openapi",
                json!({ "apiFile": folder.join(document), "targetUrl": url, "context": "target" }),
            )
        });
        // Asked of the openapi job it would come too early.
        jobs.push(wait(vec![stats(NOT_REFUSED, "stats.code.401", url, "==", 0)]));
    } else {
        let pages = target.pages.len() as u64;
        jobs.push(wait(vec![stats(
            ANSWERED_PAGES,
            "stats.code.200",
            url,
            ">=",
            pages,
        )]));
    }
    let off = OFF.map(|(id, _)| json!({ "id": id, "threshold": "off" }));
    jobs.push(Job {
        policy: json!({ "defaultStrength": "medium", "defaultThreshold": "medium", "rules": off }),
        ..job(
            "activeScan",
            json!({ "context": "target", "maxScanDurationInMins": MAX_ATTACK_MINUTES, "maxRuleDurationInMins": 3 }),
        )
    });
    // With a site it is 0 even for a dead host: ZAP counts it without one.
    jobs.push(wait(vec![stats(
        NO_FAILURE,
        "stats.network.send.failure",
        "",
        "==",
        0,
    )]));
    jobs.push(job(
        "report",
        json!({ "template": "traditional-json", "reportDir": folder, "reportFile": report }),
    ));
    let env = json!({
        "contexts": [{ "name": "target", "urls": [url], "includePaths": [format!("{url}/.*")] }],
        // With failOnError ZAP writes no report on an unreachable host.
        "parameters": { "failOnError": false, "failOnWarning": false, "progressToStdout": true },
    });
    serde_json::to_string_pretty(&json!({ "env": env, "jobs": jobs })).unwrap_or_default()
}

fn job(kind: &'static str, parameters: Value) -> Job {
    Job {
        kind,
        parameters,
        requests: Vec::new(),
        policy: Value::Null,
        tests: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(operations: Option<u64>) -> Vec<Value> {
        let target = ZapTarget {
            url: "http://127.0.0.1:3000".to_owned(),
            pages: vec!["/auth/me".to_owned()],
            operations,
        };
        let text = plan(&target, Path::new("/f"), "openapi.json", "zap.json");
        for proof in target.proofs() {
            assert!(text.contains(proof), "{proof}");
        }
        let plan: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(plan["env"]["parameters"]["failOnError"], false);
        let included = &plan["env"]["contexts"][0]["includePaths"][0];
        assert_eq!(included, "http://127.0.0.1:3000/.*");
        plan["jobs"].as_array().unwrap().clone()
    }

    fn kinds(jobs: &[Value]) -> Vec<&str> {
        jobs.iter().map(|job| job["type"].as_str().unwrap()).collect()
    }

    #[test]
    fn the_plan_attacks_only_the_target_and_has_its_proofs() {
        let jobs = jobs(Some(44));
        let expected = [
            "requestor",
            "openapi",
            "passiveScan-wait",
            "activeScan",
            "passiveScan-wait",
            "report",
        ];
        assert_eq!(kinds(&jobs), expected);
        let openapi = &jobs[1];
        assert_eq!(openapi["parameters"]["targetUrl"], "http://127.0.0.1:3000");
        let imported = &openapi["tests"][0];
        assert_eq!((&imported["value"], &imported["site"]), (&json!(44), &json!("")));
        assert_eq!(jobs[2]["tests"][0]["site"], "http://127.0.0.1:3000");
        let off = &jobs[3]["policyDefinition"]["rules"];
        assert_eq!(off[0], json!({ "id": 10106, "threshold": "off" }));
    }

    #[test]
    fn a_plan_for_pages_imports_no_document() {
        let jobs = jobs(None);
        let expected = [
            "requestor",
            "passiveScan-wait",
            "activeScan",
            "passiveScan-wait",
            "report",
        ];
        assert_eq!(kinds(&jobs), expected);
        assert_eq!(jobs[0]["requests"][0]["url"], "http://127.0.0.1:3000/auth/me");
    }
}
