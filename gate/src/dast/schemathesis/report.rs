//! schemathesis' JSON report (`--report json`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::finding::{Finding, Severity};
use crate::scan_result::{ScanError, parse_json};

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
    operations: BTreeSet<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Rate {
    accepted: u64,
}

impl Report {
    /// Fails for a run that ended early, skipped operations or compared with a baseline: it tested less than requested.
    pub fn parse(text: &str) -> Result<Report, ScanError> {
        let failed = |why: String| Err(ScanError::ToolFailed(why));
        let report: Report = parse_json(text, "report of schemathesis")?;
        if !report.complete {
            return failed(format!("schemathesis stopped early: {}", report.stop_reason));
        }
        if let Some(first) = report.errors.first() {
            return failed(format!("{} errors, the first is {first}", report.errors.len()));
        }
        if report.baseline.is_some() || report.filtered > 0 {
            return failed("failures were filtered by a list of schemathesis".to_owned());
        }
        let Operations {
            selected,
            tested,
            errored,
            skipped,
            ..
        } = report.operations;
        if tested != selected || errored + skipped > 0 {
            return failed(format!(
                "{tested} of {selected} operations tested, {skipped} skipped"
            ));
        }
        Ok(report)
    }

    /// The number of operations in the document.
    pub fn total(&self) -> u64 {
        self.operations.total
    }

    /// The number of operations that this run tested.
    pub fn tested(&self) -> u64 {
        self.operations.tested
    }

    /// The number of generated requests.
    pub fn requests(&self) -> u64 {
        self.test_cases.generated
    }

    /// Operations that accepted at least one request: `POST /wishes`.
    pub fn accepting(&self) -> impl Iterator<Item = &str> {
        let accepts = |phases: &BTreeMap<String, Rate>| phases.values().any(|rate| rate.accepted > 0);
        let found = self.valid_rates.iter().filter(move |(_, phases)| accepts(phases));
        found.map(|(label, _)| label.as_str())
    }

    /// One finding for each failure and operation; `how` names the run.
    pub fn findings(&self, how: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for failure in &self.failures {
            let message = format!("{}, {} times, {how}", failure.title, failure.count);
            let finding = Finding::new("schemathesis", &failure.code, message);
            let finding = finding.rated(Severity::named(&failure.severity));
            findings.extend(
                failure
                    .operations
                    .iter()
                    .map(|operation| finding.clone().at(operation, None)),
            );
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    /// The report of 4.32.5 on the bad server, shortened.
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
        let findings = report.findings("as admin");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].rule.as_str(), findings[0].severity),
            ("ST401", Severity::Critical)
        );
        assert_eq!(findings[0].path(), Some("GET /items/{id}"));
        assert_eq!((report.total(), report.tested(), report.requests()), (2, 2, 10));
        assert_eq!(report.accepting().collect::<Vec<_>>(), ["GET /echo"]);
    }

    #[test]
    fn an_incomplete_run_is_an_error() {
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
            let report = Report::parse(&text);
            assert_tool_failed(&report);
        }
        assert!(Report::parse("").is_err());
    }
}
