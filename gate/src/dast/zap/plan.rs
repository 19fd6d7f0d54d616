//! ZAP's plan for its Automation Framework, built from types because ZAP ignores misspelt keys. JSON is valid YAML.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

/// In minutes. An attack that ends there is incomplete.
pub const MAX_ATTACK_MINUTES: u64 = 15;

/// Tests in the plan that prove a complete run. ZAP prints each by its name.
pub const PROOFS: [&str; 4] = [
    "proof: operations imported",
    "proof: nothing refused the token",
    "proof: everything was answered",
    "proof: everything on the site was answered",
];

#[derive(Debug, Clone)]
pub struct ZapTarget {
    /// `http://127.0.0.1:3000`.
    pub url: String,
    /// A path that answers 200 to the token.
    pub own_account: String,
    /// How many operations the document has that it gets.
    pub operations: u64,
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

/// The plan; the document and the report are in `folder`. It filters no alert: only the ledger accepts findings.
pub fn plan(target: &ZapTarget, folder: &Path) -> String {
    let url = &target.url;
    let stats = |index: usize, statistic, site: &str, operator, value| Test {
        name: PROOFS[index],
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
    let report = |template: &str, file: &str| {
        job(
            "report",
            json!({ "template": template, "reportDir": folder, "reportFile": file }),
        )
    };
    let env = json!({
        "contexts": [{ "name": "api", "urls": [url], "includePaths": [format!("{url}/.*")] }],
        // With failOnError ZAP writes no report on an unreachable host.
        "parameters": { "failOnError": false, "failOnWarning": false, "progressToStdout": true },
    });
    let jobs = vec![
        Job {
            requests: vec![
                json!({ "url": format!("{url}{}", target.own_account), "method": "GET", "responseCode": 200 }),
            ],
            ..job("requestor", Value::Null)
        },
        Job {
            // Without targetUrl the servers that the document names are attacked; this statistic has no site.
            tests: vec![stats(0, "openapi.urls.added", "", ">=", target.operations)],
            ..job(
                "openapi",
                json!({ "apiFile": folder.join("openapi.json"), "targetUrl": url, "context": "api" }),
            )
        },
        // Asked of the openapi job it would come too early.
        wait(vec![stats(1, "stats.code.401", url, "==", 0)]),
        Job {
            policy: json!({ "defaultStrength": "medium", "defaultThreshold": "medium" }),
            ..job(
                "activeScan",
                json!({ "context": "api", "maxScanDurationInMins": MAX_ATTACK_MINUTES, "maxRuleDurationInMins": 3 }),
            )
        },
        wait(vec![
            stats(2, "stats.network.send.failure", "", "==", 0),
            stats(3, "stats.network.send.failure", url, "==", 0),
        ]),
        report("traditional-json", "zap.json"),
        job(
            "exitStatus",
            json!({ "errorLevel": "Medium", "warnLevel": "Low" }),
        ),
    ];
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

    #[test]
    fn the_plan_attacks_only_the_target_and_has_its_proofs() {
        let target = ZapTarget {
            url: "http://127.0.0.1:3000".to_owned(),
            own_account: "/auth/me".to_owned(),
            operations: 44,
        };
        let plan: Value = serde_json::from_str(&plan(&target, Path::new("/f"))).unwrap();
        let kinds: Vec<&str> = plan["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ctx| ctx["type"].as_str().unwrap())
            .collect();
        let expected = [
            "requestor",
            "openapi",
            "passiveScan-wait",
            "activeScan",
            "passiveScan-wait",
            "report",
            "exitStatus",
        ];
        assert_eq!(kinds, expected);
        let openapi = &plan["jobs"][1];
        assert_eq!(openapi["parameters"]["targetUrl"], target.url);
        assert_eq!(
            (&openapi["tests"][0]["value"], &openapi["tests"][0]["site"]),
            (&json!(44), &json!(""))
        );
        assert_eq!(plan["jobs"][2]["tests"][0]["site"], target.url);
        assert_eq!(plan["env"]["parameters"]["failOnError"], false);
        assert_eq!(
            plan["env"]["contexts"][0]["includePaths"][0],
            "http://127.0.0.1:3000/.*"
        );
    }
}
