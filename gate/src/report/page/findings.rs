//! The page's rows of defects: what, where, how bad, who saw it, since when, and whether a waiver covers it.

use crate::finding::Severity;
use crate::report::format;
use crate::report::merge::{Defect, Occurrence, Status};

pub(super) struct Row<'a> {
    pub id: &'a str,
    pub rule: &'a str,
    pub message: &'a str,
    pub aliases: &'a [String],
    pub severity: &'static str,
    pub status: &'static str,
    pub place: Option<String>,
    pub package: Option<&'a str>,
    pub waivers: &'a [String],
    pub since: String,
    pub sights: Vec<Reported<'a>>,
}

pub(super) struct Reported<'a> {
    pub gate: &'a str,
    pub tool: &'a str,
    pub rule: &'a str,
    pub severity: &'static str,
    pub message: &'a str,
    /// Whether it says anything else than the row.
    pub differs: bool,
    pub waiver: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(super) fn of(defect: &'a Defect, began: &str) -> Row<'a> {
        let new = format::days_before(&defect.first_seen, began) == Some(0);
        Row {
            id: &defect.id,
            rule: &defect.rule,
            message: &defect.message,
            aliases: &defect.aliases,
            severity: severity(defect.severity),
            status: match defect.status {
                Status::Open => "open",
                Status::Waived => "waived",
            },
            place: defect.location.as_ref().map(|location| match location.line {
                Some(line) => format!("{}:{line}", location.path),
                None => location.path.clone(),
            }),
            package: defect.package.as_deref(),
            waivers: &defect.waivers,
            since: match new {
                true => "first seen today".to_owned(),
                false => format!("first seen {}", format::day(&defect.first_seen)),
            },
            sights: defect
                .sights
                .iter()
                .map(|sight| Reported::of(sight, defect))
                .collect(),
        }
    }
}

impl<'a> Reported<'a> {
    fn of(sight: &'a Occurrence, defect: &Defect) -> Reported<'a> {
        let finding = &sight.finding;
        Reported {
            gate: &sight.gate,
            tool: &finding.tool,
            rule: &finding.rule,
            severity: severity(finding.severity),
            message: &finding.message,
            differs: finding.message != defect.message || finding.rule != defect.rule,
            waiver: finding.waiver.as_deref(),
        }
    }
}

/// How many, in one line.
pub(super) fn note(findings: &[Defect]) -> String {
    let waived = findings
        .iter()
        .filter(|defect| defect.status == Status::Waived)
        .count();
    format!("{} open, {waived} waived.", findings.len() - waived)
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
