//! ZAP's report (`traditional-json`) and its log about the plan. The exit code is no evidence: it is 0 for a high alert, for a
//! rejected token and for a target that crashed.

use serde::Deserialize;

use crate::dast::zap::plan::MAX_ATTACK_MINUTES;
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

    /// The rule's variant, if it has several: `40014-2` of 40014.
    fn variant(&self) -> Option<String> {
        Some(self.reference.clone()).filter(|reference| *reference != self.pluginid)
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
            .with_aliases(self.variant().into_iter().chain(weakness))
    }
}

fn path(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    path.split('?').next().unwrap_or_default()
}

/// A request of the plan that was not answered as it must be: ZAP only warns about it.
const UNANSWERED: [&str; 2] = ["Difference in response code values", "Error sending message"];

/// Fails unless the log proves a complete run: every job succeeded, each proof passed, and the attack ended before its limit.
/// Returns the count of the first proof: operations or pages.
pub fn ensure_complete(log: &str, proofs: &[&str]) -> Result<u64, ScanError> {
    let failed = |why: &str| Err(ScanError::ToolFailed(why.trim().to_owned()));
    let find = |text: &str| log.lines().find(|line| line.contains(text));
    if let Some(line) = UNANSWERED.into_iter().find_map(find) {
        return failed(line);
    }
    // Each job reports its own failures, but for those of tests.
    if let Some(line) = plan_failures(log).next() {
        return failed(&format!("ZAP's plan failed: {}", line.trim()));
    }
    // ZAP also repeats the plan, with the names of the tests.
    let passed = |proof: &str| find(&format!("passed: {proof} ["));
    if let Some(proof) = proofs.iter().find(|proof| passed(proof).is_none()) {
        return failed(&format!("ZAP does not report \"{proof}\""));
    }
    let covered = proofs
        .first()
        .and_then(|proof| passed(proof))
        .and_then(first_count);
    match (find("Job activeScan finished").and_then(seconds), covered) {
        (None, _) => failed("ZAP does not report how long the attack took"),
        (Some(took), _) if took >= MAX_ATTACK_MINUTES * 60 => failed(&format!(
            "ZAP's attack was cut off after {MAX_ATTACK_MINUTES} minutes"
        )),
        (_, None) => failed("ZAP does not report how much it covered"),
        (_, Some(covered)) => Ok(covered),
    }
}

/// The indented lines below "Automation plan failures:". An alert is no failure of the plan.
fn plan_failures(log: &str) -> impl Iterator<Item = &str> {
    log.lines()
        .skip_while(|line| !line.contains("Automation plan failures"))
        .skip(1)
        .take_while(|line| line.starts_with(char::is_whitespace))
        .filter(|line| !line.contains("An alert has been raised"))
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
    use crate::dast::zap::plan::{IMPORTED, NO_FAILURE, NOT_REFUSED};

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

    /// Outputs of ZAP 2.17.0 with 14 add-ons.
    const SERVICE: &str = include_str!("recorded/service.out");
    const CANARY: &str = include_str!("recorded/canary.out");
    const DEAD: &str = include_str!("recorded/dead.out");
    const REFUSED: &str = include_str!("recorded/refused-token.out");
    const NO_DOCUMENT: &str = include_str!("recorded/nofile.out");
    const CAPPED: &str = include_str!("recorded/cap.out");

    const PROOFS: [&str; 3] = [IMPORTED, NOT_REFUSED, NO_FAILURE];

    fn error(log: &str) -> String {
        format!("{:?}", ensure_complete(log, &PROOFS).unwrap_err())
    }

    #[test]
    fn zaps_output_of_a_complete_run_is_accepted_with_and_without_alerts() {
        assert_eq!(ensure_complete(SERVICE, &PROOFS).unwrap(), 44);
        assert_eq!(ensure_complete(CANARY, &PROOFS).unwrap(), 2);
    }

    #[test]
    fn zaps_output_of_an_incomplete_run_is_refused_with_its_reason() {
        assert!(error(DEAD).contains("Connection refused"), "{}", error(DEAD));
        let refused = "Expected : 200 Received : 401";
        assert!(error(REFUSED).contains(refused), "{}", error(REFUSED));
        let document = "cannot read file: /scan/none.json";
        assert!(error(NO_DOCUMENT).contains(document), "{}", error(NO_DOCUMENT));
        let minute = "Job activeScan finished, time taken: 00:01:00";
        let capped = CAPPED.replace(minute, "Job activeScan finished, time taken: 00:15:00");
        assert!(error(&capped).contains("cut off after 15 minutes"));
        // A plan without the line of a result.
        let silent = SERVICE.replace("passed: proof: nothing refused", "");
        assert!(error(&silent).contains("does not report"), "{}", error(&silent));
        // Its own test failed, though nothing else did.
        let failed = "Automation plan failures:\n\tJob passiveScan-wait test of type stats failed: proof: everything was answered [1 != 0]\n";
        assert!(error(&format!("{SERVICE}{failed}")).contains("[1 != 0]"));
    }

    #[test]
    fn a_rule_is_no_alias_of_itself() {
        let recorded = include_str!("recorded/service.json");
        let report = Report::parse(recorded, "http://127.0.0.1:43209").unwrap();
        let findings = report.findings();
        let of = |rule: &str| findings.iter().find(|finding| finding.rule == rule).unwrap();
        assert_eq!(of("40014").aliases, ["40014-2", "CWE-79"]);
        assert!(!of("10096").aliases.contains(&"10096".to_owned()));
    }

    #[test]
    fn a_report_without_the_target_is_an_error() {
        let dead =
            r#"{"@programName": "ZAP", "@version": "2.17.0", "created": "2026-11-20T14:20:00Z", "site": []}"#;
        assert!(Report::parse(dead, URL).is_err());
        assert!(Report::parse(BAD, "http://127.0.0.1:1").is_err() && Report::parse("", URL).is_err());
    }
}
