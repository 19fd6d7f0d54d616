//! wapiti's report (`-f json`), as far as a verdict needs it; runs nothing. Its exit code says nothing: it is 0 on a dead
//! host too.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Finding, Severity};
use crate::scan_result::ScanError;

/// The report.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    infos: Infos,
    vulnerabilities: BTreeMap<String, Vec<Hit>>,
    anomalies: BTreeMap<String, Vec<Hit>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Infos {
    crawled_pages_nbr: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Hit {
    method: String,
    path: String,
    info: String,
    level: u8,
    #[serde(default)]
    parameter: String,
}

impl Report {
    /// Reads it.
    pub fn parse(text: &str) -> Result<Report, ScanError> {
        serde_json::from_str(text)
            .map_err(|error| ScanError::ToolFailed(format!("no report of wapiti: {error}")))
    }

    /// How many pages it asked for.
    pub fn pages(&self) -> u64 {
        self.infos.crawled_pages_nbr
    }

    /// Each hit; `who` says as whom it asked. Anomalies are findings too: an internal error, a request without an answer.
    pub fn findings(&self, who: &str) -> Vec<Finding> {
        let kinds = self.vulnerabilities.iter().chain(&self.anomalies);
        let hits = kinds.flat_map(|(kind, hits)| hits.iter().map(move |hit| (kind, hit)));
        hits.map(|(kind, hit)| {
            let parameter = match hit.parameter.as_str() {
                "" => String::new(),
                parameter => format!(", parameter {parameter}"),
            };
            Finding::new("wapiti", kind, format!("{}{parameter}, as {who}", hit.info))
                .rated(severity(hit.level))
                .at(format!("{} {}", hit.method, hit.path), None)
        })
        .collect()
    }
}

fn severity(level: u8) -> Severity {
    match level {
        0 => Severity::Info,
        1 => Severity::Low,
        2 => Severity::Medium,
        3 => Severity::High,
        _ => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What 3.2.3 wrote about the server that is bad on purpose, shortened.
    const BAD: &str = r#"{"classifications": {}, "vulnerabilities": {"Backup file": [],
        "Content Security Policy Configuration": [{"method": "GET", "path": "/", "info": "CSP is not set", "level": 1,
        "parameter": "", "referer": "", "module": "csp", "http_request": "GET / HTTP/1.1", "curl_command": "curl",
        "wstg": ["WSTG-CONF-12", "OSHP-Content-Security-Policy"]}],
        "Reflected Cross Site Scripting": [{"method": "GET", "path": "/echo", "info": "found", "level": 2, "parameter": "q"}]},
        "anomalies": {"Internal Server Error": [{"method": "GET", "path": "/items/x", "info": "500", "level": 3}],
        "Resource consumption": []}, "additionals": {},
        "infos": {"target": "http://127.0.0.1:1/", "date": "Sat, 21 Nov 2026 07:40:53 +0000", "version": "Wapiti 3.2.3",
        "scope": "folder", "auth": null, "crawled_pages_nbr": 5, "detailed_report_level": 0}}"#;

    #[test]
    fn vulnerabilities_and_anomalies_are_findings() {
        let report = Report::parse(BAD).unwrap();
        let findings = report.findings("a stranger");
        let told: Vec<(&str, Severity)> = findings
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.severity))
            .collect();
        let wanted = [
            ("Content Security Policy Configuration", Severity::Low),
            ("Reflected Cross Site Scripting", Severity::Medium),
            ("Internal Server Error", Severity::High),
        ];
        assert_eq!(told, wanted);
        assert_eq!(findings[1].message, "found, parameter q, as a stranger");
        assert_eq!(report.pages(), 5);
        assert!(Report::parse("{}").is_err() && Report::parse("").is_err());
    }
}
