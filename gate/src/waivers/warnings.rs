//! Warnings about the ledger that fail no run: entries that expire soon, and entries that cover nothing.

use chrono::NaiveDate;

use crate::definition::Gate;
use crate::outcome::{Outcome, Verdict};
use crate::waivers::ledger::Ledger;

/// How many days before its end an entry is reported.
const EXPIRES_SOON_DAYS: i64 = 14;

/// Entries that expire soon.
pub fn ending(ledger: &Ledger, today: NaiveDate) -> Vec<String> {
    let mut lines = Vec::new();
    for waiver in &ledger.waivers {
        let left = (waiver.expires - today).num_days();
        if (0..=EXPIRES_SOON_DAYS).contains(&left) {
            let days = match left {
                0 => "today is its last day".to_owned(),
                1 => "1 day left".to_owned(),
                _ => format!("{left} days left"),
            };
            lines.push(format!("waiver {} ({}): {days}", waiver.id, waiver.rule));
        }
    }
    lines
}

/// Entries whose finding a tool no longer reports. Only tools count whose gates all ran to their end in this run.
pub fn unused(ledger: &Ledger, gates: &[&Gate], outcomes: &[Outcome], today: NaiveDate) -> Vec<String> {
    let ran = |gate: &&&Gate| {
        let mut outcomes = outcomes.iter().filter(|outcome| outcome.id == gate.id);
        outcomes.any(|outcome| matches!(outcome.verdict, Verdict::Pass | Verdict::Waived | Verdict::Fail))
    };
    let mut lines = Vec::new();
    for waiver in ledger.waivers.iter().filter(|waiver| waiver.is_valid_on(today)) {
        for tool in &waiver.tools {
            let uses_tool = |gate: &&&Gate| gate.tools.contains(&tool.as_str());
            let gates: Vec<_> = gates.iter().filter(uses_tool).collect();
            let mut findings = outcomes.iter().flat_map(|outcome| &outcome.findings);
            if !gates.is_empty()
                && gates.iter().all(ran)
                && !findings.any(|finding| finding.tool == *tool && waiver.covers(finding))
            {
                lines.push(format!(
                    "waiver {} is unused: {tool} no longer reports {}",
                    waiver.id, waiver.rule
                ));
            }
        }
    }
    lines
}
