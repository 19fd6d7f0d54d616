//! How the page shows gates.

use crate::outcome::{Canary, Outcome, Verdict};
use crate::report::format;
use crate::report::model::Report;

/// How many rules of a canary are shown before the details are expanded.
const MAX_RULES: usize = 4;

pub(super) struct CanaryView<'a> {
    pub class: &'static str,
    pub icon: &'static str,
    pub text: &'static str,
    pub rules: &'a [String],
}

/// Gates that fail the run first, then by verdict, then in the order of the table.
pub(super) fn sorted(run: &Report) -> Vec<&Outcome> {
    let mut gates: Vec<&Outcome> = run.gates.iter().collect();
    gates.sort_by_key(|gate| {
        let order = match gate.verdict {
            Verdict::Fail => 0,
            Verdict::Untrusted => 1,
            Verdict::NotRun => 2,
            Verdict::Waived | Verdict::Pass => 3,
        };
        (!gate.fatal, order)
    });
    gates
}

impl Outcome {
    pub(super) fn canary_view(&self) -> CanaryView<'_> {
        let (class, icon, text, rules): (_, _, _, &[String]) = match &self.canary {
            Canary::Found(rules) => ("pass", "pass", "found", rules),
            Canary::Missed(rules) => ("untrusted", "fail", "missed", rules),
            Canary::NotPlanted(_) => ("not-run", "not-run", "could not be planted", &[]),
            Canary::None if self.verdict == Verdict::NotRun => ("not-run", "not-run", "not checked", &[]),
            Canary::None => ("not-run", "not-run", "none planted", &[]),
        };
        CanaryView {
            class,
            icon,
            text,
            rules,
        }
    }

    /// When it ran, if its verdict is cached from an earlier run.
    pub(super) fn cached_since(&self, began: &str) -> Option<String> {
        let seconds = format::seconds_between(&self.ran_at, began)?;
        (seconds > 0).then(|| format::when_on(&self.ran_at, began))
    }

    /// `1 limit, 2 files`: what the details contain besides the work.
    pub(super) fn details(&self) -> String {
        let counts = [
            (self.limits.len(), "limit"),
            (self.databases.len(), "database"),
            (self.files.len(), "file"),
        ];
        let counts = counts.into_iter().filter(|(number, _)| *number > 0);
        let counts: Vec<String> = counts.map(|(number, what)| format::count(number, what)).collect();
        counts.join(", ")
    }
}

impl CanaryView<'_> {
    pub(super) fn first_rules(&self) -> &[String] {
        &self.rules[..self.rules.len().min(MAX_RULES)]
    }

    pub(super) fn more_rules(&self) -> usize {
        self.rules.len() - self.first_rules().len()
    }
}
