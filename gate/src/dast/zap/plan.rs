//! ZAP's plan (Automation Framework) as data: what is misspelt in a plan goes unnoticed, so it is made of types. JSON is YAML.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

/// The longest that the attack may take, in minutes: one that ends there has not tried everything.
pub const CAP: u64 = 15;

/// Tests whose outcome is the proof of work; ZAP prints each with this name.
pub const PROOFS: [&str; 4] = [
    "proof: operations imported",
    "proof: nothing refused the token",
    "proof: everything was answered",
    "proof: everything on the site was answered",
];

/// What the plan is about.
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
struct Plan {
    env: Env,
    jobs: Vec<PlanJob>,
}

#[derive(Debug, Serialize)]
struct Env {
    contexts: Vec<Context>,
    parameters: EnvParameters,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    name: String,
    urls: Vec<String>,
    include_paths: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvParameters {
    fail_on_error: bool,
    fail_on_warning: bool,
    progress_to_stdout: bool,
}

#[derive(Debug, Serialize)]
struct PlanJob {
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

/// The plan, with the document and the report in this folder. It filters no alert: only the ledger accepts findings, and it does so afterwards, so that they are seen.
pub fn plan(target: &ZapTarget, folder: &Path) -> String {
    let url = &target.url;
    let stats = |place: usize, statistic, site: &str, operator, value| Test {
        name: PROOFS[place],
        kind: "stats",
        statistic,
        site: site.to_owned(),
        operator,
        value,
        on_fail: "error",
    };
    let wait = |tests| PlanJob {
        tests,
        ..plan_job("passiveScan-wait", json!({ "maxDuration": 5 }))
    };
    let report = |template: &str, file: &str| {
        plan_job(
            "report",
            json!({ "template": template, "reportDir": folder, "reportFile": file }),
        )
    };
    let plan = Plan {
        env: Env {
            contexts: vec![Context {
                name: "api".to_owned(),
                urls: vec![url.clone()],
                include_paths: vec![format!("{url}/.*")],
            }],
            // With failOnError there is no report at all about a dead host.
            parameters: EnvParameters {
                fail_on_error: false,
                fail_on_warning: false,
                progress_to_stdout: true,
            },
        },
        jobs: vec![
            PlanJob {
                requests: vec![
                    json!({ "url": format!("{url}{}", target.own_account), "method": "GET", "responseCode": 200 }),
                ],
                ..plan_job("requestor", Value::Null)
            },
            PlanJob {
                // Without targetUrl the servers that the document names are attacked; this statistic has no site.
                tests: vec![stats(0, "openapi.urls.added", "", ">=", target.operations)],
                ..plan_job(
                    "openapi",
                    json!({ "apiFile": folder.join("openapi.json"), "targetUrl": url, "context": "api" }),
                )
            },
            // Asked of the openapi job it would come too early.
            wait(vec![stats(1, "stats.code.401", url, "==", 0)]),
            PlanJob {
                policy: json!({ "defaultStrength": "medium", "defaultThreshold": "medium" }),
                ..plan_job(
                    "activeScan",
                    json!({ "context": "api", "maxScanDurationInMins": CAP, "maxRuleDurationInMins": 3 }),
                )
            },
            wait(vec![
                stats(2, "stats.network.send.failure", "", "==", 0),
                stats(3, "stats.network.send.failure", url, "==", 0),
            ]),
            report("traditional-json", "zap.json"),
            plan_job(
                "exitStatus",
                json!({ "errorLevel": "Medium", "warnLevel": "Low" }),
            ),
        ],
    };
    serde_json::to_string_pretty(&plan).unwrap_or_default()
}

fn plan_job(kind: &'static str, parameters: Value) -> PlanJob {
    PlanJob {
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
    fn the_plan_aims_at_the_target_alone_and_asks_for_proof() {
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
        let wanted = [
            "requestor",
            "openapi",
            "passiveScan-wait",
            "activeScan",
            "passiveScan-wait",
            "report",
            "exitStatus",
        ];
        assert_eq!(kinds, wanted);
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
