//! SARIF 2.1.0 within GitHub's limits, one run per tool: `merged*.sarif` for readers, one file per tool for uploads.

mod result;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::Config;
use crate::finding::Finding;
use crate::outcome::{Identity, Outcome, Verdict};
use crate::report::document::Document;
use crate::report::sarif::result::{result, rule};
use crate::waivers::Waiver;

/// GitHub's limit of runs in a file.
const MAX_RUNS: usize = 20;
/// GitHub's limit of results in a run.
const MAX_RESULTS: usize = 25_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Name and text of each file. There is more than one merged file only if there are more tools than a file may contain.
pub fn files(document: &Document, config: &Config) -> serde_json::Result<Vec<(String, String)>> {
    let runs: Vec<(String, Value)> = tools(document)
        .into_iter()
        .map(|(name, tool)| (name.to_owned(), run(name, &tool, document, config)))
        .collect();
    let all: Vec<&Value> = runs.iter().map(|(_, run)| run).collect();
    let mut parts = all.chunks(MAX_RUNS);
    // The first file exists even without a run.
    let first = parts.next().unwrap_or_default();
    let mut files = vec![("merged.sarif".to_owned(), text(first)?)];
    for (number, part) in (2..).zip(parts) {
        files.push((format!("merged-{number}.sarif"), text(part)?));
    }
    for (name, run) in &runs {
        files.push((format!("sarif/{}.sarif", file_name(name)), text(&[run])?));
    }
    Ok(files)
}

/// One tool's findings in all gates.
#[derive(Default)]
struct Tool<'a> {
    identity: Option<&'a Identity>,
    findings: Vec<&'a Finding>,
    gates: Vec<&'a Outcome>,
}

fn tools(document: &Document) -> BTreeMap<&str, Tool<'_>> {
    let mut tools: BTreeMap<&str, Tool<'_>> = BTreeMap::new();
    for gate in &document.run.gates {
        let ran = gate.tools.iter().map(|identity| identity.name.as_str());
        let found = gate.findings.iter().map(|finding| finding.tool.as_str());
        for name in ran.chain(found).collect::<BTreeSet<&str>>() {
            let tool = tools.entry(name).or_default();
            let identity = gate.tools.iter().find(|identity| identity.name == name);
            tool.identity = tool.identity.or(identity);
            tool.findings
                .extend(gate.findings.iter().filter(|finding| finding.tool == name));
            tool.gates.push(gate);
        }
    }
    tools
}

fn run(name: &str, tool: &Tool<'_>, document: &Document, config: &Config) -> Value {
    let mut findings = tool.findings.clone();
    // The least severe results are omitted.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let omitted = findings.len().saturating_sub(MAX_RESULTS);
    findings.truncate(MAX_RESULTS);
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    let indexes: BTreeMap<&str, usize> = by_rule.keys().copied().zip(0..).collect();
    let rules: Vec<Value> = by_rule.iter().map(|(id, findings)| rule(id, findings)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = findings
        .into_iter()
        .map(|finding| {
            let fingerprint = finding.fingerprint();
            let number = counts.entry(fingerprint.clone()).or_default();
            *number += 1;
            let index = indexes.get(finding.rule.as_str()).copied().unwrap_or_default();
            let mut result = result(finding, index, waiver(finding, document), config);
            result["partialFingerprints"] = json!({
                format!("{}/v1", config.name): fingerprint,
                "primaryLocationLineHash": format!("{fingerprint}:{number}"),
            });
            result
        })
        .collect();
    let mut driver = json!({ "name": name, "rules": rules });
    if let Some(identity) = tool.identity {
        driver["version"] = identity.version.as_str().into();
        driver["properties"] = json!({ "source": identity.source, "sha256": identity.digest });
    }
    json!({
        "tool": { "driver": driver },
        "automationDetails": { "id": format!("{}/{name}/", config.name) },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the root of the repository" } } },
        "invocations": tool.gates.iter().map(|gate| invocation(gate, omitted)).collect::<Vec<_>>(),
        "results": results,
    })
}

/// The empty results of a gate that did not run, or cannot be trusted, must not mean that nothing is wrong.
fn invocation(gate: &Outcome, omitted: usize) -> Value {
    let note = |level: &str, text: String| json!({ "level": level, "message": { "text": text } });
    let problem = match gate.verdict {
        Verdict::Untrusted | Verdict::NotRun => Some(format!("{}: {}", gate.verdict, gate.reason)),
        Verdict::Fail if gate.findings.is_empty() => Some(gate.reason.clone()),
        Verdict::Fail | Verdict::Pass | Verdict::Waived => None,
    };
    let succeeded = problem.is_none();
    let mut notes: Vec<Value> = problem.map(|text| note("error", text)).into_iter().collect();
    let limits = gate.limits.iter();
    notes.extend(limits.map(|limit| note("warning", format!("not covered: {limit}"))));
    if omitted > 0 {
        notes.push(note(
            "warning",
            format!("{omitted} of the least severe results are omitted"),
        ));
    }
    json!({
        "executionSuccessful": succeeded,
        "properties": { "gate": gate.id },
        "toolExecutionNotifications": notes,
    })
}

fn waiver<'a>(finding: &Finding, document: &'a Document) -> Option<&'a Waiver> {
    let id = finding.waiver.as_ref()?;
    document.run.waivers.iter().find(|waiver| waiver.id == *id)
}

fn text(runs: &[&Value]) -> serde_json::Result<String> {
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn file_name(tool: &str) -> String {
    let is_portable = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    tool.replace(|character| !is_portable(character), "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::first_seen::FirstSeen;
    use crate::report::model::Report;
    use crate::report::sample;
    use crate::report::sanitize::Sanitizer;

    fn logs(report: &Report) -> Vec<(String, Value)> {
        let document = Document::of(report, &Sanitizer::default(), &FirstSeen::default(), None).unwrap();
        let files = files(&document, &Config::default()).unwrap().into_iter();
        files
            .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
            .collect()
    }

    fn runs(log: &Value) -> &Vec<Value> {
        log["runs"].as_array().unwrap()
    }

    #[test]
    fn each_tool_has_a_run_with_suppressions_and_truthful_invocations() {
        let logs = logs(&sample::every_verdict());
        let merged = &logs[0];
        assert_eq!(merged.0, "merged.sarif");
        let run = |name: &str| {
            let of = |run: &&Value| run["tool"]["driver"]["name"] == name;
            runs(&merged.1).iter().find(of).unwrap()
        };
        let waived = &run("cargo-audit")["results"][0]["suppressions"][0];
        assert_eq!(
            (&waived["kind"], &waived["status"]),
            (&json!("external"), &json!("accepted"))
        );
        let justification = waived["justification"].as_str().unwrap();
        assert!(justification.starts_with("W-1: quick-xml"));
        let untrusted = &run("trivy")["invocations"][0];
        assert_eq!(untrusted["executionSuccessful"], false);
        assert_eq!(
            untrusted["toolExecutionNotifications"][0]["message"]["text"],
            "untrusted: missed the planted defect: DS-0002, DS-0029"
        );
        assert_eq!(run("zizmor")["invocations"][0]["executionSuccessful"], true);
        assert_eq!(
            run("schemathesis")["invocations"][0]["executionSuccessful"],
            false
        );
        assert_eq!(run("zizmor")["results"].as_array().unwrap().len(), 3);
        let mut logs = logs.iter();
        let zizmor = logs.find(|(name, _)| name == "sarif/zizmor.sarif");
        assert_eq!(&runs(&zizmor.unwrap().1)[0], run("zizmor"));
    }

    #[test]
    fn githubs_limits_hold_however_much_was_found() {
        let mut report = sample::every_verdict();
        let mut gate = sample::gate("many");
        for tool in 0..23 {
            gate.findings
                .push(Finding::new(&format!("tool {tool}/x"), "R", "m"));
        }
        for _ in 0..25_003 {
            gate.findings.push(Finding::new("loud", "R", "m"));
        }
        gate.findings[23].aliases = (0..30).map(|number| format!("CWE-{number}")).collect();
        report.gates = vec![gate];
        let logs = logs(&report);
        let names: Vec<&str> = logs.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.starts_with(&[
            "merged.sarif",
            "merged-2.sarif",
            "sarif/loud.sarif",
            "sarif/tool_0_x.sarif"
        ]));
        for (name, log) in &logs {
            assert!(runs(log).len() <= 20, "{name}");
            for run in runs(log) {
                assert!(run["results"].as_array().unwrap().len() <= 25_000, "{name}");
                for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
                    assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
                }
            }
        }
        let notes = &runs(&logs[2].1)[0]["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(
            notes[0]["message"]["text"],
            "3 of the least severe results are omitted"
        );
        let results = runs(&logs[2].1)[0]["results"].as_array().unwrap();
        let hash = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].to_string();
        let unique: BTreeSet<String> = results.iter().map(hash).collect();
        assert_eq!(unique.len(), results.len(), "each fingerprint is unique");
    }
}
