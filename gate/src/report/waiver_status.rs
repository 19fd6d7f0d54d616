//! Where each waiver stands on the day of the run: days left, and whether it is used; marks no finding.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Verdict};
use crate::waivers::Waiver;

/// What a waiver is worth on this day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverStatus {
    /// It covers findings of this run.
    Used,
    /// Its tools ran and found nothing that it covers: it can go.
    Unused,
    /// None of its tools ran.
    NotAsked,
    /// Its last day is over.
    Expired,
}

/// A waiver on this day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverUse {
    /// Its name.
    pub id: String,
    /// What it is worth.
    pub worth: WaiverStatus,
    /// Until its last day; negative after it.
    pub days_left: i64,
    /// How many findings it covers.
    pub covers: usize,
}

impl WaiverUse {
    /// Where each stands.
    pub fn of(waivers: &[Waiver], gates: &[Outcome], today: NaiveDate) -> Vec<WaiverUse> {
        let one = |waiver: &Waiver| {
            let findings = || gates.iter().flat_map(|gate| &gate.findings);
            let covers = findings()
                .filter(|finding| finding.waiver.as_ref() == Some(&waiver.id))
                .count();
            let days_left = (waiver.expires - today).num_days();
            let asked = gates
                .iter()
                .any(|gate| gate.verdict != Verdict::NotRun && runs(gate, waiver));
            let worth = match (waiver.is_valid_on(today), covers) {
                (false, _) => WaiverStatus::Expired,
                (true, 1..) => WaiverStatus::Used,
                (true, 0) if asked => WaiverStatus::Unused,
                (true, 0) => WaiverStatus::NotAsked,
            };
            WaiverUse {
                id: waiver.id.clone(),
                worth,
                days_left,
                covers,
            }
        };
        waivers.iter().map(one).collect()
    }
}

/// Whether a gate ran a tool that the waiver names.
fn runs(gate: &Outcome, waiver: &Waiver) -> bool {
    let tools = gate.tools.iter().map(|tool| &tool.name);
    let found = gate.findings.iter().map(|finding| &finding.tool);
    tools.chain(found).any(|tool| waiver.tools.contains(tool))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_waiver_is_used_unused_not_asked_or_expired() {
        let report = sample::every_verdict();
        let standing = |today: &str| -> Vec<(WaiverStatus, i64, usize)> {
            WaiverUse::of(&report.waivers, &report.gates, today.parse().unwrap())
                .into_iter()
                .map(|standing| (standing.worth, standing.days_left, standing.covers))
                .collect()
        };
        let expected = [
            (WaiverStatus::Used, 55, 2),
            (WaiverStatus::Unused, 9, 0),
            (WaiverStatus::NotAsked, 40, 0),
            (WaiverStatus::Expired, -20, 0),
        ];
        assert_eq!(standing("2026-11-21"), expected);
        assert_eq!(
            standing("2026-11-30")[1],
            (WaiverStatus::Unused, 0, 0),
            "its last day"
        );
        assert_eq!(standing("2026-12-01")[1].0, WaiverStatus::Expired);
    }
}
