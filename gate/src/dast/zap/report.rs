//! ZAP's report (`traditional-json`) and its log about the plan. The exit code is no evidence: it is 0 for a high alert, for a
//! rejected token and for a target that crashed.

use serde::Deserialize;

use crate::dast::zap::plan::{MAX_ATTACK_MINUTES, PROOFS};
use crate::finding::{Finding, Severity};
use crate::scan_result::{ScanError, parse_json};

#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    site: Vec<Site>,
}

#[derive(Debug, Clone, Deserialize)]
struct Site {
    #[serde(rename = "@name")]
    name: String,
    alerts: Vec<Alert>,
}

#[derive(Debug, Clone, Deserialize)]
struct Alert {
    pluginid: String,
    #[serde(rename = "alertRef")]
    reference: String,
    name: String,
    riskcode: String,
    #[serde(default)]
    cweid: String,
    instances: Vec<Instance>,
}

#[derive(Debug, Clone, Deserialize)]
struct Instance {
    uri: String,
    method: String,
    #[serde(default)]
    param: String,
}

impl Report {
    /// Fails for a report that does not cover the target, as that on an unreachable host.
    pub fn parse(text: &str, url: &str) -> Result<Report, ScanError> {
        let report: Report = parse_json(text, "report of ZAP")?;
        if report.site.iter().any(|site| site.name == url) {
            return Ok(report);
        }
        let error = format!("ZAP's report says nothing about {url}");
        Err(ScanError::ToolFailed(error))
    }

    fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.site.iter().flat_map(|site| &site.alerts)
    }

    /// One finding for each alert and operation, without informational alerts.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for alert in self.alerts() {
            let Some(severity) = alert.severity() else {
                continue;
            };
            for instance in &alert.instances {
                let finding = alert.finding(instance, severity);
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
        findings
    }

    /// The number of informational alerts.
    pub fn informational(&self) -> u64 {
        self.alerts().filter(|alert| alert.severity().is_none()).count() as u64
    }
}

impl Alert {
    /// `None` for an informational alert.
    fn severity(&self) -> Option<Severity> {
        match self.riskcode.as_str() {
            "0" => None,
            "1" => Some(Severity::Low),
            "2" => Some(Severity::Medium),
            _ => Some(Severity::High),
        }
    }

    fn finding(&self, instance: &Instance, severity: Severity) -> Finding {
        let parameter = match instance.param.as_str() {
            "" => String::new(),
            parameter => format!(", parameter {parameter}"),
        };
        let is_weakness = self.cweid.parse::<u32>().is_ok();
        let weakness = is_weakness.then(|| format!("CWE-{}", self.cweid));
        Finding::new("zap", &self.pluginid, format!("{}{parameter}", self.name))
            .rated(severity)
            .at(format!("{} {}", instance.method, path(&instance.uri)), None)
            .with_aliases([self.reference.clone()].into_iter().chain(weakness))
    }
}

fn path(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    path.split('?').next().unwrap_or_default()
}

/// Fails unless the log proves a complete run: every job succeeded, each proof passed, and the attack ended before its limit.
/// Returns the number of imported operations.
pub fn ensure_complete(log: &str) -> Result<u64, ScanError> {
    let failed = |why: String| Err(ScanError::ToolFailed(why));
    let find = |text: &str| log.lines().find(|line| line.contains(text));
    for proof in PROOFS {
        match find(proof) {
            None => return failed(format!("ZAP does not report \"{proof}\"")),
            Some(line) if line.contains("passed") && !line.contains("failed") => {}
            Some(line) => return failed(line.trim().to_owned()),
        }
    }
    // Alerts above the level of `exitStatus` are reported elsewhere.
    let mut after = log
        .lines()
        .skip_while(|line| !line.contains("Automation plan failures"));
    if after.next().is_some() {
        let first = after.next().unwrap_or_default().trim();
        return failed(format!("ZAP's plan failed: {first}"));
    }
    let mut requestor = log.lines().filter(|line| line.contains("Job requestor"));
    if let Some(line) = requestor.find(|line| line.contains("expected")) {
        return failed(line.trim().to_owned());
    }
    let imported = find(PROOFS[0]).and_then(first_count);
    match (find("Job activeScan finished").and_then(seconds), imported) {
        (None, _) => failed("ZAP does not report how long the attack took".to_owned()),
        (Some(took), _) if took >= MAX_ATTACK_MINUTES * 60 => failed(format!(
            "ZAP's attack was cut off after {MAX_ATTACK_MINUTES} minutes"
        )),
        (_, None) => failed("ZAP does not report how many operations it imported".to_owned()),
        (_, Some(imported)) => Ok(imported),
    }
}

/// `51` of `… [51 >= 51]`.
fn first_count(line: &str) -> Option<u64> {
    let (_, counts) = line.rsplit_once('[')?;
    counts.split_whitespace().next()?.parse().ok()
}

/// Of `… time taken: 00:01:02`.
fn seconds(line: &str) -> Option<u64> {
    let (_, time) = line.split_once("time taken:")?;
    let parts = time.trim().split(':').map(|part| part.parse::<u64>().ok());
    let parts: Vec<u64> = parts.collect::<Option<_>>()?;
    match parts.as_slice() {
        [hours, minutes, seconds, ..] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:18080";
    const BAD: &str = include_str!("bad_server.json");

    #[test]
    fn zaps_own_report_of_a_bad_server_is_read() {
        let report = Report::parse(BAD, URL).unwrap();
        let rules: Vec<String> = report.findings().into_iter().map(|one| one.rule).collect();
        for rule in ["40012", "40018", "10038", "10020", "10021", "10036"] {
            assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
        }
        let first = &report.findings()[0];
        assert_eq!((first.severity, first.rule.as_str()), (Severity::High, "40012"));
        assert_eq!(first.path(), Some("GET /hello"));
        assert!(!BAD.contains("Bearer"));
    }

    #[test]
    fn a_report_without_the_target_is_an_error() {
        let dead =
            r#"{"@programName": "ZAP", "@version": "2.17.0", "created": "2026-11-20T14:20:00Z", "site": []}"#;
        assert!(Report::parse(dead, URL).is_err());
        assert!(Report::parse(BAD, "http://127.0.0.1:1").is_err() && Report::parse("", URL).is_err());
    }
}
