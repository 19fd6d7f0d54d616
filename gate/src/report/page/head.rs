//! The first screen of the page: the verdict, of what, by whom, when, and how old the databases are.

use crate::outcome::Verdict;
use crate::profile::GateProfile;
use crate::report::format;
use crate::report::model::Report;
use crate::report::page::badge::{Badge, badge};
use crate::scan_result::Database as Compared;

/// After so many days somebody should look why no newer one came.
const OLD: i64 = 30;

pub(super) struct Head<'a> {
    pub verdict: Badge,
    pub title: &'static str,
    pub sentence: String,
    pub fatal: Vec<&'a str>,
    pub commit: &'a str,
    pub short: String,
    pub changed: &'a [String],
    pub differ: String,
    pub profile: &'static str,
    pub profile_means: &'static str,
    pub began: &'a str,
    pub when: String,
    pub took: String,
    pub counts: Vec<Count>,
    pub databases: Vec<Database<'a>>,
    pub left_out: &'a [String],
    pub warnings: &'a [String],
}

pub(super) struct Count {
    pub number: usize,
    pub badge: Badge,
}

pub(super) struct Database<'a> {
    pub name: &'a str,
    pub date: String,
    pub age: String,
    pub class: &'static str,
    pub entries: Option<u64>,
    pub revision: &'a str,
    pub short: String,
}

impl<'a> Head<'a> {
    pub(super) fn of(run: &'a Report) -> Head<'a> {
        let fatal: Vec<&str> = run
            .gates
            .iter()
            .filter(|gate| gate.fatal)
            .map(|gate| gate.id.as_str())
            .collect();
        let mut databases: Vec<&Compared> = Vec::new();
        for database in run.gates.iter().flat_map(|gate| &gate.databases) {
            if !databases.contains(&database) {
                databases.push(database);
            }
        }
        let differ = run.changed.len();
        Head {
            verdict: badge(run.verdict),
            title: match run.verdict {
                Verdict::Pass => "Passed",
                _ => "Failed",
            },
            sentence: sentence(run, fatal.len()),
            fatal,
            commit: &run.commit,
            short: format::short(&run.commit),
            changed: &run.changed,
            differ: match differ {
                1 => "1 file differs".to_owned(),
                many => format!("{many} files differ"),
            },
            profile: format::profile(run.profile),
            profile_means: match run.profile {
                GateProfile::Local => "what is not installed is told",
                GateProfile::Pipeline => "what a registry has must run",
                GateProfile::Release => "everything must run, now",
            },
            began: &run.began,
            when: format::when(&run.began),
            took: format::took(run.seconds),
            counts: counts(run),
            databases: databases
                .into_iter()
                .map(|database| Database::of(database, &run.began))
                .collect(),
            left_out: &run.left_out,
            warnings: &run.warnings,
        }
    }
}

impl<'a> Database<'a> {
    pub(super) fn of(database: &'a Compared, began: &str) -> Database<'a> {
        let days = format::days_before(&database.date, began);
        Database {
            name: &database.name,
            date: format::day(&database.date),
            age: format::age(days),
            class: if days.is_none_or(|days| days > OLD) {
                "old"
            } else {
                ""
            },
            entries: (database.entries > 0).then_some(database.entries),
            revision: &database.revision,
            short: format::short(&database.revision),
        }
    }
}

fn sentence(run: &Report, fatal: usize) -> String {
    let not_run = run
        .gates
        .iter()
        .filter(|gate| gate.verdict == Verdict::NotRun && !gate.fatal)
        .count();
    let silent = match not_run {
        0 => String::new(),
        some => format!("; {some} did not run, which this profile accepts"),
    };
    let all = format::count(run.gates.len(), "gate");
    match (run.verdict, fatal, run.gates.len()) {
        (Verdict::Pass, _, 0) => "No gate ran".to_owned(),
        (Verdict::Pass, _, 1) => format!("The one gate that was asked for does not fail the run{silent}"),
        (Verdict::Pass, _, _) => format!("None of {all} fails the run{silent}"),
        (_, 1, _) => format!("1 of {all} fails the run"),
        (_, fatal, _) => format!("{fatal} of {all} fail the run"),
    }
}

fn counts(run: &Report) -> Vec<Count> {
    let all = [
        Verdict::Fail,
        Verdict::Untrusted,
        Verdict::NotRun,
        Verdict::Waived,
        Verdict::Pass,
    ];
    let count = |verdict: Verdict| Count {
        number: run.gates.iter().filter(|gate| gate.verdict == verdict).count(),
        badge: badge(verdict),
    };
    all.into_iter().map(count).collect()
}
