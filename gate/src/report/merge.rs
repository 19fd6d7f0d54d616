//! One defect, however many tools saw it. Forgets no sight, and raises or lowers no severity.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Location, Severity};
use crate::outcome::Outcome;
use crate::report::dedup::{groups, names, rank};
use crate::report::first_seen::FirstSeen;

/// Whether somebody must do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At least one tool's finding has no waiver.
    Open,
    /// Waivers cover every tool's finding.
    Waived,
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// The same in every run: the fingerprint of its first sight.
    pub id: String,
    /// Its best known name.
    pub rule: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The worst that a tool says.
    pub severity: Severity,
    /// Open or waived.
    pub status: Status,
    /// What the first tool says about it.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// The package that has it.
    pub package: Option<String>,
    /// The waivers that cover it.
    pub waivers: Vec<String>,
    /// When a run here saw it first: RFC 3339.
    pub first_seen: String,
    /// Each tool that saw it, with its own words.
    pub sights: Vec<Occurrence>,
}

/// What one tool says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The gate.
    pub gate: String,
    /// The tool's own words.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What all gates found; open and worst first.
pub fn merge(gates: &[Outcome], first_seen: &FirstSeen) -> Vec<Defect> {
    let sights: Vec<Occurrence> = gates
        .iter()
        .flat_map(|gate| {
            gate.findings.iter().map(|finding| Occurrence {
                gate: gate.id.clone(),
                finding: finding.clone(),
            })
        })
        .collect();
    let findings: Vec<&Finding> = sights.iter().map(|sight| &sight.finding).collect();
    let first_of_group = groups(&findings);
    let mut gathered: BTreeMap<usize, Vec<Occurrence>> = BTreeMap::new();
    for (first, sight) in first_of_group.into_iter().zip(sights) {
        gathered.entry(first).or_default().push(sight);
    }
    let mut defects: Vec<Defect> = gathered
        .into_values()
        .map(|sights| defect(sights, first_seen))
        .collect();
    defects.sort_by(|one, other| {
        let order = |defect: &Defect| (defect.status, std::cmp::Reverse(defect.severity));
        let place = |defect: &Defect| (defect.rule.clone(), defect.location.clone());
        (order(one), place(one)).cmp(&(order(other), place(other)))
    });
    defects
}

fn defect(sights: Vec<Occurrence>, first_seen: &FirstSeen) -> Defect {
    let findings = || sights.iter().map(|sight| &sight.finding);
    let all: BTreeSet<&str> = findings().flat_map(names).collect();
    let first = &sights[0].finding;
    let advisory = all.iter().copied().filter(|name| rank(name) < 3);
    let rule = advisory.min_by_key(|name| rank(name)).unwrap_or(&first.rule);
    let open = findings().any(|finding| finding.waiver.is_none());
    let waivers: BTreeSet<&String> = findings().filter_map(|finding| finding.waiver.as_ref()).collect();
    let seen = findings().map(|finding| first_seen.of(&finding.fingerprint()));
    Defect {
        id: first.fingerprint(),
        rule: rule.to_owned(),
        aliases: all
            .iter()
            .filter(|name| **name != rule)
            .map(ToString::to_string)
            .collect(),
        severity: findings()
            .map(|finding| finding.severity)
            .max()
            .unwrap_or(Severity::Medium),
        status: if open { Status::Open } else { Status::Waived },
        message: first.message.clone(),
        location: findings().find_map(|finding| finding.location.clone()),
        package: findings().find_map(|finding| finding.package.clone()),
        waivers: waivers.into_iter().cloned().collect(),
        first_seen: seen.min().unwrap_or_default(),
        sights,
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
            ..Finding::new(tool, rule, format!("{tool} says so"))
        }
    }

    fn on(mut finding: Finding, package: &str) -> Finding {
        finding.package = Some(package.to_owned());
        finding
    }

    #[test]
    fn an_advisory_is_its_aliases_and_keeps_every_tools_own_words() {
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
            .sights
            .iter()
            .map(|sight| (sight.finding.tool.as_str(), sight.finding.severity))
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
    fn a_weakness_at_a_place_is_one_unless_a_tool_tells_it_apart() {
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
    fn open_and_worst_come_first_and_one_open_sight_is_enough() {
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
