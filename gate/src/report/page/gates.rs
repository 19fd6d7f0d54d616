//! A row of the page for each gate: those that fail the run first, then as they stand in the table.

use crate::outcome::{Canary, Identity, Outcome, Verdict};
use crate::report::format;
use crate::report::model::Report;
use crate::report::page::badge::{Badge, badge};
use crate::report::page::head::Database;

/// How many rules of a canary stand in a row.
const SHOWN: usize = 4;

pub(super) struct Row<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub badge: Badge,
    pub fatal: bool,
    pub canary: Badge,
    pub canary_icon: &'static str,
    pub canary_why: Option<&'a str>,
    pub rules: &'a [String],
    pub rules_left: usize,
    pub all_rules: &'a [String],
    pub reason: &'a str,
    pub work: Vec<String>,
    pub tools: Vec<Tool<'a>>,
    pub no_tools: &'static str,
    pub databases: Vec<Database<'a>>,
    pub limits: &'a [String],
    pub files: &'a [String],
    pub unchanged_since: Option<String>,
    pub ran: &'a str,
    pub ran_at: String,
    pub took: String,
    pub also: Option<String>,
    pub has_more: bool,
}

pub(super) struct Tool<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub source: &'a str,
    pub digest: &'a str,
    pub short: String,
}

pub(super) fn rows(run: &Report) -> Vec<Row<'_>> {
    let mut gates: Vec<&Outcome> = run.gates.iter().collect();
    gates.sort_by_key(|gate| (!gate.fatal, std::cmp::Reverse(urgency(gate.verdict))));
    gates.into_iter().map(|gate| Row::of(gate, &run.began)).collect()
}

/// What a reader should see first.
const fn urgency(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 3,
        Verdict::Untrusted => 2,
        Verdict::NotRun => 1,
        Verdict::Waived | Verdict::Pass => 0,
    }
}

impl<'a> Row<'a> {
    fn of(gate: &'a Outcome, began: &str) -> Row<'a> {
        let (canary, canary_icon, all_rules) = canary(gate);
        let ran_before = format::seconds_between(&gate.ran_at, began).is_some_and(|seconds| seconds > 0);
        let also: Vec<String> = [
            (gate.limits.len(), "limit"),
            (gate.databases.len(), "database"),
            (gate.files.len(), "file"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format::count(number, what))
        .collect();
        Row {
            id: &gate.id,
            title: &gate.title,
            badge: badge(gate.verdict),
            fatal: gate.fatal,
            canary,
            canary_icon,
            canary_why: match &gate.canary {
                Canary::NotPlanted(why) => Some(why),
                _ => None,
            },
            rules: &all_rules[..all_rules.len().min(SHOWN)],
            rules_left: all_rules.len().saturating_sub(SHOWN),
            all_rules,
            reason: &gate.reason,
            work: gate
                .work
                .iter()
                .map(|work| format!("{} {} (at least {})", work.count, work.of, work.min))
                .collect(),
            tools: gate.tools.iter().map(Tool::of).collect(),
            no_tools: match gate.verdict {
                Verdict::NotRun => "none ran",
                _ => "none of the table of tools",
            },
            databases: gate
                .databases
                .iter()
                .map(|database| Database::of(database, began))
                .collect(),
            limits: &gate.limits,
            files: &gate.files,
            unchanged_since: ran_before.then(|| format::when_on(&gate.ran_at, began)),
            ran: &gate.ran_at,
            ran_at: format::when(&gate.ran_at),
            took: format::took(gate.seconds),
            also: (!also.is_empty()).then(|| also.join(", ")),
            has_more: gate.verdict != Verdict::NotRun || !gate.limits.is_empty(),
        }
    }
}

impl<'a> Tool<'a> {
    fn of(tool: &'a Identity) -> Tool<'a> {
        Tool {
            name: &tool.name,
            version: &tool.version,
            source: &tool.source,
            digest: &tool.digest,
            short: format::short(&tool.digest),
        }
    }
}

/// The word for it, its form, and the rules.
fn canary(gate: &Outcome) -> (Badge, &'static str, &[String]) {
    let (class, word) = match &gate.canary {
        Canary::Found(rules) => {
            return (
                Badge {
                    class: "pass",
                    word: "found",
                },
                "pass",
                rules,
            );
        }
        Canary::Missed(rules) => {
            let missed = Badge {
                class: "untrusted",
                word: "missed",
            };
            return (missed, "fail", rules);
        }
        Canary::NotPlanted(_) => ("not-run", "could not be planted"),
        Canary::None if gate.verdict == Verdict::NotRun => ("not-run", "not looked at"),
        Canary::None => ("not-run", "none planted"),
    };
    (Badge { class, word }, "not-run", &[])
}
