//! What ZAP says: its report (`traditional-json`) and the lines about its plan; runs nothing. Its exit code is 0 for a high
//! alert, for a refused token and for a target that died, so it decides nothing.

use serde::Deserialize;

use crate::dast::zap::plan::{CAP, PROOFS};
use crate::finding::{Finding, Severity};
use crate::scan_result::ScanError;

/// The report.
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
    /// Reads it. A report about no site is about a host that nobody answers on.
    pub fn parse(text: &str, url: &str) -> Result<Report, ScanError> {
        let report: Report = serde_json::from_str(text)
            .map_err(|error| ScanError::ToolFailed(format!("no report of ZAP: {error}")))?;
        match report.site.iter().any(|site| site.name == url) {
            true => Ok(report),
            false => Err(ScanError::ToolFailed(format!(
                "ZAP's report says nothing about {url}"
            ))),
        }
    }

    /// One finding for each alert and operation; what only informs is none.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for alert in self.site.iter().flat_map(|site| &site.alerts) {
            let Some(severity) = severity(&alert.riskcode) else {
                continue;
            };
            for instance in &alert.instances {
                let place = format!("{} {}", instance.method, path(&instance.uri));
                let parameter = match instance.param.as_str() {
                    "" => String::new(),
                    parameter => format!(", parameter {parameter}"),
                };
                let mut finding = Finding::new("zap", &alert.pluginid, format!("{}{parameter}", alert.name))
                    .rated(severity)
                    .at(place, None);
                finding.aliases.push(alert.reference.clone());
                if alert.cweid.parse::<u32>().is_ok() {
                    finding.aliases.push(format!("CWE-{}", alert.cweid));
                }
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
        findings
    }

    /// Alerts that only inform.
    pub fn informs(&self) -> usize {
        let alerts = self.site.iter().flat_map(|site| &site.alerts);
        alerts.filter(|alert| severity(&alert.riskcode).is_none()).count()
    }
}

fn severity(risk: &str) -> Option<Severity> {
    match risk {
        "0" => None,
        "1" => Some(Severity::Low),
        "2" => Some(Severity::Medium),
        _ => Some(Severity::High),
    }
}

fn path(uri: &str) -> String {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    path.split('?').next().unwrap_or_default().to_owned()
}

/// Whether the lines about the plan prove that it did all of its work: every job went well, each proof passed, and the attack
/// ended before its cap. Answers how many operations ZAP imported.
pub fn proven(lines: &str) -> Result<u64, ScanError> {
    let broke = |why: String| Err(ScanError::ToolFailed(why));
    let imported = lines
        .lines()
        .find(|line| line.contains(PROOFS[0]))
        .and_then(count);
    for proof in PROOFS {
        let told = lines.lines().find(|line| line.contains(proof));
        match told {
            None => return broke(format!("ZAP does not tell of \"{proof}\"")),
            Some(line) if line.contains("passed") && !line.contains("failed") => {}
            Some(line) => return broke(line.trim().to_owned()),
        }
    }
    if let Some(at) = lines
        .lines()
        .position(|line| line.contains("Automation plan failures"))
    {
        // Alerts above the level of exitStatus are told elsewhere.
        let first = lines.lines().nth(at + 1).unwrap_or_default().trim();
        return broke(format!("ZAP's plan failed: {first}"));
    }
    if let Some(line) = lines
        .lines()
        .find(|line| line.contains("Job requestor") && line.contains("expected"))
    {
        return broke(line.trim().to_owned());
    }
    let ended = lines
        .lines()
        .find(|line| line.contains("Job activeScan finished"));
    match ended.and_then(seconds) {
        None => broke("ZAP does not tell how long the attack took".to_owned()),
        Some(took) if took >= CAP * 60 => broke(format!("ZAP's attack was cut off after {CAP} minutes")),
        Some(_) => {
            imported.ok_or_else(|| ScanError::ToolFailed("ZAP does not tell how much it imported".to_owned()))
        }
    }
}

/// `… [51 >= 51]`: the first number, which is what was counted.
fn count(line: &str) -> Option<u64> {
    let (_, counts) = line.rsplit_once('[')?;
    counts.split_whitespace().next()?.parse().ok()
}

/// `… time taken: 00:01:02`.
fn seconds(line: &str) -> Option<u64> {
    let (_, time) = line.split_once("time taken:")?;
    let mut parts = time.trim().split(':').map(str::parse::<u64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some(hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:18080";
    const BAD: &str = include_str!("bad_server.json");

    #[test]
    fn zaps_own_report_of_a_bad_server_is_read() {
        let report = Report::parse(BAD, URL).unwrap();
        let rules: Vec<String> = report
            .findings()
            .into_iter()
            .map(|finding| finding.rule)
            .collect();
        for rule in ["40012", "40018", "10038", "10020", "10021", "10036"] {
            assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
        }
        let first = &report.findings()[0];
        assert_eq!((first.severity, first.rule.as_str()), (Severity::High, "40012"));
        assert_eq!(first.location.as_ref().unwrap().path, "GET /hello");
        assert!(!BAD.contains("Bearer"));
    }

    #[test]
    fn a_report_about_no_site_or_another_one_is_none() {
        let dead =
            r#"{"@programName": "ZAP", "@version": "2.17.0", "created": "2026-11-20T14:20:00Z", "site": []}"#;
        assert!(Report::parse(dead, URL).is_err());
        assert!(Report::parse(BAD, "http://127.0.0.1:1").is_err() && Report::parse("", URL).is_err());
    }
}
