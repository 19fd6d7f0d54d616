//! How the page shows defects.

use crate::report::format;
use crate::report::merge::{Defect, Occurrence, Status};

impl Defect {
    pub(super) fn first_seen_text(&self, began: &str) -> String {
        match format::days_before(&self.first_seen, began) {
            Some(0) => "first seen today".to_owned(),
            _ => format!("first seen {}", format::day(&self.first_seen)),
        }
    }

    /// Whether the tool's own rule or message differs from the defect's.
    pub(super) fn differs_from(&self, occurrence: &Occurrence) -> bool {
        occurrence.finding.message != self.message || occurrence.finding.rule != self.rule
    }
}

pub(super) fn counts(findings: &[Defect]) -> String {
    let waived = findings.iter().filter(|defect| defect.status == Status::Waived);
    let waived = waived.count();
    format!("{} open, {waived} waived.", findings.len() - waived)
}
