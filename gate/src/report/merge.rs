//! Merges the findings of several tools that are the same defect, without losing a tool's own report of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Location, Severity};
use crate::outcome::Outcome;
use crate::report::dedup::{groups, names, rank};
use crate::report::first_seen::FirstSeen;

/// Whether the defect is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At least one of its findings has no waiver.
    Open,
    /// Waivers cover all of its findings.
    Waived,
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// The fingerprint of its first finding, the same in every run.
    pub id: String,
    /// Its best-known name.
    pub rule: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The highest that a tool reports.
    pub severity: Severity,
    pub status: Status,
    /// The first tool's message.
    pub message: String,
    pub location: Option<Location>,
    pub package: Option<String>,
    /// Ids of the waivers that cover it.
    pub waivers: Vec<String>,
    /// The first run on this machine that reported it: RFC 3339.
    pub first_seen: String,
    /// Each tool's own finding.
    #[serde(rename = "sights")]
    pub occurrences: Vec<Occurrence>,
}

/// One tool's finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    pub gate: String,
    #[serde(flatten)]
    pub finding: Finding,
}

/// The defects of all gates; open ones first, then by severity.
pub fn merge(gates: &[Outcome], first_seen: &FirstSeen) -> Vec<Defect> {
    let findings = || {
        gates
            .iter()
            .flat_map(|gate| gate.findings.iter().map(move |finding| (gate, finding)))
    };
    let first_of_group = groups(&findings().map(|(_, finding)| finding).collect::<Vec<_>>());
    let mut by_group: BTreeMap<usize, Vec<Occurrence>> = BTreeMap::new();
    for (first, (gate, finding)) in first_of_group.into_iter().zip(findings()) {
        by_group.entry(first).or_default().push(Occurrence {
            gate: gate.id.clone(),
            finding: finding.clone(),
        });
    }
    let groups = by_group.into_values();
    let mut defects: Vec<Defect> = groups
        .map(|occurrences| defect(occurrences, first_seen))
        .collect();
    defects.sort_by_cached_key(|defect| {
        let severity = std::cmp::Reverse(defect.severity);
        (
            defect.status,
            severity,
            defect.rule.clone(),
            defect.location.clone(),
        )
    });
    defects
}

fn defect(occurrences: Vec<Occurrence>, first_seen: &FirstSeen) -> Defect {
    let findings = || occurrences.iter().map(|occurrence| &occurrence.finding);
    let all: BTreeSet<&str> = findings().flat_map(names).collect();
    let first = &occurrences[0].finding;
    let advisory = all.iter().copied().filter(|name| rank(name) < 3);
    let rule = advisory.min_by_key(|name| rank(name)).unwrap_or(&first.rule);
    let aliases = all.iter().filter(|name| **name != rule);
    let open = findings().any(|finding| finding.waiver.is_none());
    let waivers: BTreeSet<&String> = findings().filter_map(|finding| finding.waiver.as_ref()).collect();
    let seen = findings().map(|finding| first_seen.of(&finding.fingerprint()));
    Defect {
        id: first.fingerprint(),
        rule: rule.to_owned(),
        aliases: aliases.map(ToString::to_string).collect(),
        severity: findings()
            .map(|finding| finding.severity)
            .max()
            .unwrap_or(first.severity),
        status: if open { Status::Open } else { Status::Waived },
        message: first.message.clone(),
        location: findings().find_map(|finding| finding.location.clone()),
        package: findings().find_map(|finding| finding.package.clone()),
        waivers: waivers.into_iter().cloned().collect(),
        first_seen: seen.min().unwrap_or_default(),
        occurrences,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn merged(findings: Vec<Finding>) -> Vec<Defect> {
        let mut gate = sample::gate("g");
        gate.findings = findings;
        merge(&[gate], &FirstSeen::default())
    }

    fn found(tool: &str, rule: &str, aliases: &[&str]) -> Finding {
        Finding {
            aliases: aliases.iter().map(ToString::to_string).collect(),
            ..Finding::new(tool, rule, format!("{tool} reports it"))
        }
    }

    fn on(mut finding: Finding, package: &str) -> Finding {
        finding.package = Some(package.to_owned());
        finding
    }

    #[test]
    fn an_advisory_is_merged_by_aliases_and_retains_each_tools_report() {
        let time = "pkg:cargo/time@0.1.44";
        let audit = found("cargo-audit", "RUSTSEC-2020-0071", &["CVE-2020-26235"]).rated(Severity::Low);
        let defects = merged(vec![
            on(found("trivy", "CVE-2020-26235", &[]).rated(Severity::High), time),
            on(audit, time),
            on(
                found("grype", "GHSA-wcg3-cvx6-7396", &["RUSTSEC-2020-0071"]),
                time,
            ),
            found("osv", "RUSTSEC-2020-0071", &[]),
        ]);
        let [one] = defects.as_slice() else {
            panic!("{defects:#?}")
        };
        assert_eq!(
            (one.rule.as_str(), one.severity),
            ("RUSTSEC-2020-0071", Severity::High)
        );
        assert_eq!(one.aliases, ["CVE-2020-26235", "GHSA-wcg3-cvx6-7396"]);
        let own: Vec<_> = one
            .occurrences
            .iter()
            .map(|occurrence| (occurrence.finding.tool.as_str(), occurrence.finding.severity))
            .collect();
        assert_eq!(own[0], ("trivy", Severity::High));
        assert_eq!(own[1], ("cargo-audit", Severity::Low));
        assert_eq!(own.len(), 4);
    }

    #[test]
    fn one_cve_in_two_packages_is_two_defects() {
        let defects = merged(vec![
            on(found("a", "RUSTSEC-2020-0071", &["CVE-1"]), "pkg:cargo/time@0.1"),
            on(
                found("a", "RUSTSEC-2020-0159", &["CVE-1"]),
                "pkg:cargo/chrono@0.4",
            ),
        ]);
        assert_eq!(defects.len(), 2);
    }

    #[test]
    fn a_weakness_at_one_place_is_one_defect_unless_a_tool_distinguishes() {
        let at = |finding: Finding, line| finding.at("Dockerfile", Some(line));
        let one = merged(vec![
            at(found("hadolint", "DL3002", &["CWE-250"]), 4),
            at(found("trivy", "DS-0002", &["CWE-250"]), 4),
        ]);
        assert_eq!((one.len(), one[0].rule.as_str()), (1, "DL3002"));
        let places = merged(vec![
            at(found("hadolint", "DL3002", &["CWE-250"]), 4),
            at(found("trivy", "DS-0002", &["CWE-250"]), 5),
        ]);
        assert_eq!(places.len(), 2);
        let url = "http://127.0.0.1/";
        let apart = merged(vec![
            found("zap", "10020", &["CWE-693"]).at(url, None),
            found("zap", "10021", &["CWE-693"]).at(url, None),
            found("wapiti", "csp", &["CWE-693"]).at(url, None),
        ]);
        assert_eq!(apart.len(), 3);
    }

    #[test]
    fn open_and_severe_defects_come_first_and_one_open_finding_suffices() {
        let waived = |mut finding: Finding| {
            finding.waiver = Some("W-1".to_owned());
            finding
        };
        let defects = merged(vec![
            waived(found("a", "CVE-1", &[]).rated(Severity::Critical)),
            found("a", "X", &[]).rated(Severity::Low),
            waived(found("a", "CVE-2", &[])),
            found("b", "CVE-2", &[]).rated(Severity::High),
        ]);
        let order: Vec<_> = defects
            .iter()
            .map(|defect| (defect.rule.as_str(), defect.status))
            .collect();
        assert_eq!(
            order,
            [
                ("CVE-2", Status::Open),
                ("X", Status::Open),
                ("CVE-1", Status::Waived)
            ]
        );
        assert_eq!(defects[0].waivers, ["W-1"]);
    }
}
