//! What is to be told of the ledger without failing anybody: entries that end soon, and entries that nothing uses.

use chrono::NaiveDate;

use crate::definition::Gate;
use crate::outcome::{Outcome, Verdict};
use crate::waivers::ledger::Ledger;

/// An entry that ends within so many days is told.
const SOON: i64 = 14;

/// Entries that end soon.
pub fn ending(ledger: &Ledger, today: NaiveDate) -> Vec<String> {
    let mut lines = Vec::new();
    for waiver in &ledger.waiver {
        let left = (waiver.expires - today).num_days();
        if (0..=SOON).contains(&left) {
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

/// Entries whose finding a tool no longer reports. Only tools count of which every gate really looked in this run.
pub fn unused(ledger: &Ledger, gates: &[&Gate], outcomes: &[Outcome], today: NaiveDate) -> Vec<String> {
    let looked = |gate: &&Gate| {
        let outcome = outcomes.iter().find(|outcome| outcome.id == gate.id);
        outcome
            .is_some_and(|outcome| matches!(outcome.verdict, Verdict::Pass | Verdict::Waived | Verdict::Fail))
    };
    let mut lines = Vec::new();
    for waiver in ledger.waiver.iter().filter(|waiver| waiver.counts_on(today)) {
        for tool in &waiver.tools {
            let mut knowing = gates
                .iter()
                .filter(|gate| gate.tools.contains(&tool.as_str()))
                .peekable();
            if knowing.peek().is_none() || !knowing.all(looked) {
                continue;
            }
            let findings = outcomes.iter().flat_map(|outcome| &outcome.findings);
            let reported = findings
                .filter(|finding| finding.tool == *tool)
                .any(|finding| waiver.covers(finding));
            if !reported {
                lines.push(format!(
                    "waiver {} is unused: {tool} no longer reports {}",
                    waiver.id, waiver.rule
                ));
            }
        }
    }
    lines
}
