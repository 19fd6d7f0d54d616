//! Reads SARIF 2.1.0. Suppressed results count like all others: only the ledger accepts findings.

use serde_json::Value;

use crate::finding::{Finding, Severity};
use crate::scan_result::{ScanError, parse_json};

/// The results; `relative` turns a path into one that the report shows.
///
/// # Errors
/// `ToolFailed` when the text is no SARIF or has no run, or when a run has no list of results. An empty list is fine.
pub fn findings(
    text: &str,
    tool: &str,
    relative: impl Fn(&str) -> String,
) -> Result<Vec<Finding>, ScanError> {
    let failed = |why: String| ScanError::ToolFailed(why);
    let log: Value = parse_json(text, "SARIF")?;
    let runs = log["runs"].as_array().filter(|runs| !runs.is_empty());
    let mut findings = Vec::new();
    for run in runs.ok_or_else(|| failed("SARIF without a run".to_owned()))? {
        let results = run["results"].as_array();
        for result in results.ok_or_else(|| failed("SARIF without results".to_owned()))? {
            let id = result["ruleId"].as_str();
            let id = id.ok_or_else(|| failed("SARIF with a result without a rule".to_owned()))?;
            let rules = run.pointer("/tool/driver/rules").and_then(Value::as_array);
            let rule = rules.and_then(|rules| rules.iter().find(|rule| rule["id"] == id));
            findings.push(finding(result, id, rule.unwrap_or(&Value::Null), tool, &relative));
        }
    }
    Ok(findings)
}

fn finding(
    result: &Value,
    id: &str,
    rule: &Value,
    tool: &str,
    relative: &impl Fn(&str) -> String,
) -> Finding {
    let text = |value: &Value, pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let level = text(result, "/level").or_else(|| text(rule, "/defaultConfiguration/level"));
    let score = text(rule, "/properties/security-severity").and_then(|score| score.parse().ok());
    let severity = score.map_or_else(|| Severity::named(&level.unwrap_or_default()), Severity::scored);
    let message = text(result, "/message/text").unwrap_or_default();
    let tags = rule.pointer("/properties/tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten().filter_map(Value::as_str);
    let finding = Finding::new(tool, id, message.lines().next().unwrap_or_default())
        .rated(severity)
        .with_aliases(tags.filter_map(weakness));
    let mut locations = result["locations"].as_array().into_iter().flatten();
    let location = locations.find_map(|location| location.get("physicalLocation"));
    let Some(path) = location.and_then(|location| text(location, "/artifactLocation/uri")) else {
        return finding;
    };
    let line = location.and_then(|location| location.pointer("/region/startLine")?.as_u64());
    let path = path.strip_prefix("file://").unwrap_or(&path);
    finding.at(relative(path), line)
}

/// `CWE-79` of `external/cwe/cwe-079`, `CWE-79` or `CWE-79: …`.
fn weakness(tag: &str) -> Option<String> {
    let name = tag.rsplit('/').next()?.to_ascii_uppercase();
    let number = name.strip_prefix("CWE-")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<u32>().ok().map(|number| format!("CWE-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[
        {"id":"A","defaultConfiguration":{"level":"error"},"properties":{"tags":["external/cwe/cwe-079"],"security-severity":"9.1"}}]}},
        "results":[
        {"ruleId":"A","message":{"text":"first\nmore"},"suppressions":[{"kind":"inSource"}],
         "locations":[{"physicalLocation":{"artifactLocation":{"uri":"./a/b.tf"},"region":{"startLine":7}}}]},
        {"ruleId":"B","level":"note","message":{"text":"second"},
         "locations":[{"physicalLocation":{"artifactLocation":{"uri":"c.tf"},"region":{"startLine":0}}}]}]}]}"#;

    #[test]
    fn results_have_severity_location_and_weakness_and_suppressed_ones_count() {
        let found = findings(TWO, "x", |path| path.trim_start_matches("./").to_owned()).unwrap();
        assert_eq!(found.len(), 2);
        let first = Finding::new("x", "A", "first").rated(Severity::Critical);
        let first = first.with_aliases(["CWE-79".into()]).at("a/b.tf", Some(7));
        let second = Finding::new("x", "B", "second").rated(Severity::Low);
        assert_eq!(found, [first, second.at("c.tf", None)]);
    }

    #[test]
    fn a_log_without_a_run_or_a_list_of_results_is_an_error() {
        for text in ["", "{}", r#"{"runs":[]}"#, r#"{"runs":[{"tool":{"driver":{}}}]}"#] {
            let read = findings(text, "x", str::to_owned);
            assert!(matches!(read, Err(ScanError::ToolFailed(_))), "{text}");
        }
        let empty = r#"{"runs":[{"tool":{"driver":{}},"results":[]}]}"#;
        assert_eq!(findings(empty, "x", str::to_owned), Ok(Vec::new()));
    }
}
