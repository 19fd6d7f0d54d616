//! schemathesis' own report (`--report json`), as far as a verdict needs it; runs nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::finding::{Finding, Severity};
use crate::scan_result::ScanError;

/// The report of one run.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    complete: bool,
    stop_reason: String,
    operations: Operations,
    test_cases: Cases,
    failures: Vec<Failure>,
    errors: Vec<serde_json::Value>,
    #[serde(default)]
    baseline: Option<serde_json::Value>,
    #[serde(default)]
    filtered: u64,
    valid_rates: BTreeMap<String, BTreeMap<String, Rate>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Operations {
    total: u64,
    selected: u64,
    tested: u64,
    errored: u64,
    skipped: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Cases {
    generated: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Failure {
    code: String,
    title: String,
    severity: String,
    count: u64,
    operations: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Rate {
    accepted: u64,
}

impl Report {
    /// Reads it. What was cut short, left out or compared with a baseline looked at less than it says.
    pub fn parse(text: &str) -> Result<Report, ScanError> {
        let broke = |why: String| Err(ScanError::ToolFailed(why));
        let report: Report = match serde_json::from_str(text) {
            Ok(report) => report,
            Err(error) => return broke(format!("no report of schemathesis: {error}")),
        };
        if !report.complete {
            return broke(format!("it did not end by itself: {}", report.stop_reason));
        }
        if let Some(first) = report.errors.first() {
            return broke(format!("it had {} errors, first {first}", report.errors.len()));
        }
        if report.baseline.is_some() || report.filtered > 0 {
            return broke("it left failures out by a list of its own".to_owned());
        }
        let Operations {
            selected,
            tested,
            errored,
            skipped,
            ..
        } = report.operations;
        match tested == selected && errored + skipped == 0 {
            true => Ok(report),
            false => broke(format!(
                "it tested {tested} of {selected} operations, {skipped} skipped"
            )),
        }
    }

    /// Operations of the document, as it read it.
    pub fn total(&self) -> u64 {
        self.operations.total
    }

    /// Operations that this run tested.
    pub fn tested(&self) -> u64 {
        self.operations.tested
    }

    /// Requests that it made up.
    pub fn cases(&self) -> u64 {
        self.test_cases.generated
    }

    /// Operations that took at least one request for a good one: `POST /wishes`.
    pub fn let_in(&self) -> impl Iterator<Item = &str> {
        let taken = |phases: &BTreeMap<String, Rate>| phases.values().any(|rate| rate.accepted > 0);
        let found = self.valid_rates.iter().filter(move |(_, phases)| taken(phases));
        found.map(|(label, _)| label.as_str())
    }

    /// One finding for each failure and operation; `how` says in which run.
    pub fn findings(&self, how: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for failure in &self.failures {
            let operations: BTreeSet<&String> = failure.operations.iter().collect();
            for operation in operations {
                let message = format!("{}, {} times, {how}", failure.title, failure.count);
                findings.push(
                    Finding::new("schemathesis", &failure.code, message)
                        .rated(severity(&failure.severity))
                        .at(operation, None),
                );
            }
        }
        findings
    }
}

fn severity(word: &str) -> Severity {
    match word {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "low" => Severity::Low,
        _ => Severity::Medium,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What 4.32.5 wrote about the server that is bad on purpose, without what nobody reads.
    const BAD: &str = r#"{"schemathesis_version": "4.32.5", "seed": 1, "stop_reason": "completed", "complete": true,
        "exit_code": 1, "operations": {"total": 2, "selected": 2, "tested": 2, "errored": 0, "skipped": 0, "skip_reasons": []},
        "test_cases": {"generated": 10, "with_failures": 2, "unique_failures": 3, "without_checks": 0, "errored": 0},
        "failures": [{"type": "IgnoredAuth", "code": "ST401", "title": "API accepts requests without authentication",
        "severity": "critical", "count": 1, "operations": ["GET /items/{id}"]}], "errors": [], "baseline": null, "filtered": 0,
        "valid_rates": {"GET /echo": {"coverage": {"accepted": 2, "unreachable": 0, "conflicts": 0, "rejected": 0}},
        "GET /items/{id}": {"fuzzing": {"accepted": 0, "unreachable": 3, "conflicts": 0, "rejected": 0}}}}"#;

    #[test]
    fn failures_are_findings_at_their_operation() {
        let report = Report::parse(BAD).unwrap();
        let findings = report.findings("as nobody");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].rule.as_str(), findings[0].severity),
            ("ST401", Severity::Critical)
        );
        assert_eq!(findings[0].location.as_ref().unwrap().path, "GET /items/{id}");
        assert_eq!((report.total(), report.tested(), report.cases()), (2, 2, 10));
        assert_eq!(report.let_in().collect::<Vec<_>>(), ["GET /echo"]);
    }

    #[test]
    fn a_run_that_looked_at_less_than_it_was_asked_to_broke() {
        for (is, would_be) in [
            (r#""complete": true"#, r#""complete": false"#),
            (r#""tested": 2"#, r#""tested": 1"#),
            (r#""skipped": 0"#, r#""skipped": 1"#),
            (r#""errors": []"#, r#""errors": [{"title": "Network Error"}]"#),
            (r#""baseline": null"#, r#""baseline": {"suppressed": 3}"#),
            (r#""filtered": 0"#, r#""filtered": 2"#),
        ] {
            let text = BAD.replace(is, would_be);
            assert_ne!(text, BAD);
            assert!(
                matches!(Report::parse(&text), Err(ScanError::ToolFailed(_))),
                "{would_be}"
            );
        }
        assert!(Report::parse("").is_err());
    }
}
