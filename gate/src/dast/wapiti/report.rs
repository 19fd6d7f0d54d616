//! wapiti's JSON report (`-f json`). The exit code is no evidence: it is 0 for an unreachable host, too.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Finding, Severity};

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
    /// The number of requested pages.
    pub fn pages(&self) -> u64 {
        self.infos.crawled_pages_nbr
    }

    /// Vulnerabilities, and anomalies such as an internal error or a request without a response.
    pub fn findings(&self, client: &str) -> Vec<Finding> {
        let kinds = self.vulnerabilities.iter().chain(&self.anomalies);
        let hits = kinds.flat_map(|(kind, hits)| hits.iter().map(move |hit| (kind, hit)));
        hits.map(|(kind, hit)| {
            let parameter = match hit.parameter.as_str() {
                "" => String::new(),
                parameter => format!(", parameter {parameter}"),
            };
            let severity = match hit.level {
                0 => Severity::Info,
                1 => Severity::Low,
                2 => Severity::Medium,
                3 => Severity::High,
                _ => Severity::Critical,
            };
            Finding::new("wapiti", kind, format!("{}{parameter}, as {client}", hit.info))
                .rated(severity)
                .at(format!("{} {}", hit.method, hit.path), None)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::parse_json;

    /// The report of 3.2.3 on the bad server, shortened.
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
        let report: Report = parse_json(BAD, "report").unwrap();
        let findings = report.findings("an anonymous client");
        let rules = findings
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.severity));
        let rules: Vec<(&str, Severity)> = rules.collect();
        let expected = [
            ("Content Security Policy Configuration", Severity::Low),
            ("Reflected Cross Site Scripting", Severity::Medium),
            ("Internal Server Error", Severity::High),
        ];
        assert_eq!(rules, expected);
        assert_eq!(findings[1].message, "found, parameter q, as an anonymous client");
        assert_eq!(report.pages(), 5);
        for text in ["{}", ""] {
            assert!(parse_json::<Report>(text, "report").is_err());
        }
    }
}
