//! The first screen of the page: verdict, commit, profile, time, and the age of the databases.

use crate::outcome::Verdict;
use crate::profile::GateProfile;
use crate::report::format;
use crate::report::model::Report;
use crate::scan_result::Database;

/// An older database is marked.
const MAX_DATABASE_DAYS: i64 = 30;

impl Report {
    pub(super) fn fatal_gates(&self) -> Vec<&str> {
        let fatal = self.gates.iter().filter(|gate| gate.fatal);
        fatal.map(|gate| gate.id.as_str()).collect()
    }

    pub(super) fn sentence(&self) -> String {
        let not_run = self
            .gates
            .iter()
            .filter(|gate| gate.verdict == Verdict::NotRun && !gate.fatal);
        let not_run = match not_run.count() {
            0 => String::new(),
            count => format!("; {count} did not run, which this profile accepts"),
        };
        let all = format::count(self.gates.len(), "gate");
        match (self.verdict, self.fatal_gates().len(), self.gates.len()) {
            (Verdict::Pass, _, 0) => "No gate ran".to_owned(),
            (Verdict::Pass, _, 1) => format!("The only requested gate does not fail the run{not_run}"),
            (Verdict::Pass, _, _) => format!("None of {all} fails the run{not_run}"),
            (_, 1, _) => format!("1 of {all} fails the run"),
            (_, fatal, _) => format!("{fatal} of {all} fail the run"),
        }
    }

    pub(super) fn changed_text(&self) -> String {
        match self.changed.len() {
            1 => "1 file differs".to_owned(),
            count => format!("{count} files differ"),
        }
    }

    pub(super) fn profile_text(&self) -> &'static str {
        match self.profile {
            GateProfile::Local => "missing tools are only reported",
            GateProfile::Pipeline => "gates whose tools a registry has must run",
            GateProfile::Release => "every gate must run, none from the cache",
        }
    }

    /// How many gates have each verdict, worst first.
    pub(super) fn counts(&self) -> [(Verdict, usize); 5] {
        [
            Verdict::Fail,
            Verdict::Untrusted,
            Verdict::NotRun,
            Verdict::Waived,
            Verdict::Pass,
        ]
        .map(|verdict| {
            (
                verdict,
                self.gates.iter().filter(|gate| gate.verdict == verdict).count(),
            )
        })
    }

    /// All databases, each once.
    pub(super) fn databases(&self) -> Vec<&Database> {
        let mut databases: Vec<&Database> = Vec::new();
        for database in self.gates.iter().flat_map(|gate| &gate.databases) {
            if !databases.contains(&database) {
                databases.push(database);
            }
        }
        databases
    }
}

impl Database {
    pub(super) fn age(&self, began: &str) -> String {
        format::age(format::days_before(&self.date, began))
    }

    pub(super) fn is_old(&self, began: &str) -> bool {
        format::days_before(&self.date, began).is_none_or(|days| days > MAX_DATABASE_DAYS)
    }
}
