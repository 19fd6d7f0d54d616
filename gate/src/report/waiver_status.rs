//! The status of each waiver on the day of the run.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Verdict};
use crate::waivers::Waiver;

/// The status of a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverStatus {
    /// It covers findings of this run.
    Used,
    /// Its tools ran and reported nothing that it covers: it can be removed.
    Unused,
    /// None of its tools ran.
    #[serde(rename = "not-asked")]
    NotEvaluated,
    /// It is not valid on this day.
    Expired,
}

/// How a waiver is used in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverUse {
    pub id: String,
    #[serde(rename = "worth")]
    pub status: WaiverStatus,
    /// Until its last day; negative after it.
    pub days_left: i64,
    /// How many findings it covers.
    pub covers: usize,
}

impl WaiverUse {
    /// The use of each waiver.
    pub fn of(waivers: &[Waiver], gates: &[Outcome], today: NaiveDate) -> Vec<WaiverUse> {
        let one = |waiver: &Waiver| {
            let findings = || gates.iter().flat_map(|gate| &gate.findings);
            let covers = findings()
                .filter(|finding| finding.waiver.as_ref() == Some(&waiver.id))
                .count();
            let days_left = (waiver.expires - today).num_days();
            let mut ran = gates.iter().filter(|gate| gate.verdict != Verdict::NotRun);
            let status = match (waiver.is_valid_on(today), covers) {
                (false, _) => WaiverStatus::Expired,
                (true, 1..) => WaiverStatus::Used,
                (true, 0) if ran.any(|gate| runs(gate, waiver)) => WaiverStatus::Unused,
                (true, 0) => WaiverStatus::NotEvaluated,
            };
            WaiverUse {
                id: waiver.id.clone(),
                status,
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
    fn a_waiver_is_used_unused_not_evaluated_or_expired() {
        let report = sample::every_verdict();
        let uses = |today: &str| -> Vec<(WaiverStatus, i64, usize)> {
            WaiverUse::of(&report.waivers, &report.gates, today.parse().unwrap())
                .into_iter()
                .map(|usage| (usage.status, usage.days_left, usage.covers))
                .collect()
        };
        let expected = [
            (WaiverStatus::Used, 55, 2),
            (WaiverStatus::Unused, 9, 0),
            (WaiverStatus::NotEvaluated, 40, 0),
            (WaiverStatus::Expired, -20, 0),
        ];
        assert_eq!(uses("2026-11-21"), expected);
        assert_eq!(
            uses("2026-11-30")[1],
            (WaiverStatus::Unused, 0, 0),
            "its last day"
        );
        assert_eq!(uses("2026-12-01")[1].0, WaiverStatus::Expired);
    }
}
