//! Reads SARIF 2.1.0, for tools that say most in it; a result that is suppressed counts like any other, because only the
//! ledger accepts findings.

use serde::Deserialize;

use crate::finding::{Finding, Severity};
use crate::scan_result::ScanError;

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    results: Option<Vec<Found>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    properties: Properties,
    #[serde(default)]
    default_configuration: Configuration,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(rename = "security-severity")]
    score: Option<String>,
}

#[derive(Default, Deserialize)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: String,
    level: Option<String>,
    message: Message,
    #[serde(default)]
    locations: Vec<Place>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct Artifact {
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
}

/// Its results; `relative` makes a path as the report names it.
///
/// # Errors
/// `ToolFailed` when it is no SARIF, has no run, or a run has no results at all: an empty list is silence, none is nothing.
pub fn findings(
    text: &str,
    tool: &str,
    relative: impl Fn(&str) -> String,
) -> Result<Vec<Finding>, ScanError> {
    let log: Log =
        serde_json::from_str(text).map_err(|error| ScanError::ToolFailed(format!("no SARIF ({error})")))?;
    if log.runs.is_empty() {
        return Err(ScanError::ToolFailed("SARIF without a run".to_owned()));
    }
    let mut findings = Vec::new();
    for run in log.runs {
        let results = run
            .results
            .ok_or_else(|| ScanError::ToolFailed("SARIF without results".to_owned()))?;
        let rules = &run.tool.driver.rules;
        findings.extend(results.into_iter().map(|found| {
            let rule = rules.iter().find(|rule| rule.id == found.rule_id);
            finding(found, rule, tool, &relative)
        }));
    }
    Ok(findings)
}

fn finding(found: Found, rule: Option<&Rule>, tool: &str, relative: &impl Fn(&str) -> String) -> Finding {
    let level = found.level.as_deref();
    let level = level.or_else(|| rule.and_then(|rule| rule.default_configuration.level.as_deref()));
    let score = rule.and_then(|rule| rule.properties.score.as_deref()?.parse().ok());
    let severity = score.map_or_else(|| Severity::named(level.unwrap_or_default()), Severity::scored);
    let message = found.message.text.lines().next().unwrap_or_default().to_owned();
    let mut finding = Finding::new(tool, found.rule_id, message).rated(severity);
    let tags = rule.map_or(&[][..], |rule| &rule.properties.tags);
    finding.aliases = tags.iter().filter_map(|tag| weakness(tag)).collect();
    let place = found
        .locations
        .into_iter()
        .find_map(|place| place.physical_location);
    match place {
        Some(place) => {
            let line = place.region.and_then(|region| region.start_line);
            let path = place.artifact_location.uri;
            let path = path.strip_prefix("file://").unwrap_or(&path);
            finding.at(relative(path), line.filter(|line| *line > 0))
        }
        None => finding,
    }
}

/// `CWE-79` of `external/cwe/cwe-079`, `CWE-79` or `CWE-79: …`.
fn weakness(tag: &str) -> Option<String> {
    let word = tag.rsplit('/').next()?.to_ascii_uppercase();
    let number = word.strip_prefix("CWE-")?;
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
    fn results_have_severity_place_and_weakness_and_suppressed_ones_count() {
        let found = findings(TWO, "x", |path| path.trim_start_matches("./").to_owned()).unwrap();
        assert_eq!(found.len(), 2);
        let expected = Finding::new("x", "A", "first")
            .rated(Severity::Critical)
            .at("a/b.tf", Some(7));
        assert_eq!(
            found[0],
            Finding {
                aliases: vec!["CWE-79".into()],
                ..expected
            }
        );
        assert_eq!(
            found[1],
            Finding::new("x", "B", "second")
                .rated(Severity::Low)
                .at("c.tf", None)
        );
    }

    #[test]
    fn what_has_no_run_or_no_results_is_no_silence() {
        for text in ["", "{}", r#"{"runs":[]}"#, r#"{"runs":[{"tool":{"driver":{}}}]}"#] {
            let read = findings(text, "x", str::to_owned);
            assert!(matches!(read, Err(ScanError::ToolFailed(_))), "{text}");
        }
        let empty = r#"{"runs":[{"tool":{"driver":{}},"results":[]}]}"#;
        assert_eq!(findings(empty, "x", str::to_owned), Ok(Vec::new()));
    }
}
