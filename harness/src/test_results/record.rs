//! The record of a complete test run: the tree's digest, the time, every test and every scenario. `test` writes it and `ci`
//! reads it, so that the same tests do not run twice over the same tree.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::context::Context;
use crate::json_file;
use crate::output::print;
use crate::test_results::counts::Counts;
use crate::worktree;

/// One test or scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The full name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
    /// The feature's file, below the root.
    #[serde(default)]
    pub path: Option<String>,
    /// The line in that file.
    #[serde(default)]
    pub line: Option<u64>,
    /// The scenario's and its feature's tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// All tests, or all scenarios.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The counts that the programs printed.
    pub counts: Counts,
    /// Each by name.
    pub cases: Vec<Case>,
    /// Failures that belong to no test: a secret in a log, a program that crashed.
    pub problems: Vec<String>,
}

/// A complete run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The tree's digest, the same before and after.
    pub tree: String,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// The tests.
    pub tests: Part,
    /// The scenarios.
    pub scenarios: Part,
    /// What could not run, and how to change that.
    pub not_run: Vec<String>,
}

impl Part {
    /// Prints a failure that belongs to no test.
    pub fn add_problem(&mut self, problem: String) {
        print(&problem);
        self.problems.push(problem);
    }

    /// The counts, with each problem as a failure.
    pub fn total(&self) -> Counts {
        let mut total = self.counts;
        total.failed += self.problems.len() as u64;
        total
    }

    /// What failed, a line each: tests by name, then the problems.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.cases.iter().filter(|case| case.outcome == "failed");
        let failed = failed.map(|case| format!("failed: {}", case.name));
        let problems = self.problems.iter().map(|problem| format!("failed: {problem}"));
        failed.chain(problems).collect()
    }

    /// Whether tests ran and all passed.
    pub fn is_good(&self) -> bool {
        self.total().is_good()
    }
}

/// Reads the report of the features' program: one scenario per line.
pub fn read_scenarios(report: &Path) -> Result<Vec<Case>> {
    // The program writes no file when it cannot start; its exit code shows that.
    let text = fs::read_to_string(report).unwrap_or_default();
    let cases: serde_json::Result<_> = text.lines().map(serde_json::from_str).collect();
    cases.context("the features' report")
}

/// Deletes an earlier record and returns the tree's digest; `None` outside of a git repository, where no record is written.
pub fn begin(context: &Context) -> Option<String> {
    let _none_there = fs::remove_file(file(context));
    worktree::digest(context).ok()
}

/// Writes the record of a run, unless the tree has changed meanwhile.
pub fn end(
    context: &Context,
    before: Option<String>,
    tests: Part,
    scenarios: Part,
    not_run: Vec<String>,
) -> Result<()> {
    let Some(tree) = before else { return Ok(()) };
    if worktree::digest(context)? != tree {
        print("the tree was changed while it was tested: `cargo xtask ci` will test it again");
        return Ok(());
    }
    let record = Record {
        tree,
        ended: clock::now(),
        tests,
        scenarios,
        not_run,
    };
    json_file::write(&file(context), &record)
}

/// The last record, if it is of exactly this tree and of this day.
pub fn find(context: &Context, today: DateTime<Utc>) -> Option<Record> {
    let record: Record = json_file::read(&file(context))?;
    let same_day = record.ended.date_naive() == today.date_naive();
    (same_day && worktree::digest(context).ok()? == record.tree).then_some(record)
}

fn file(context: &Context) -> PathBuf {
    context.settings.target.join("xtask").join("tested.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_and_problems_are_listed_by_name() {
        let case = |name: &str, outcome: &str| Case {
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            ..Case::default()
        };
        let mut part = Part {
            cases: vec![case("a", "passed"), case("b", "failed"), case("c", "skipped")],
            ..Part::default()
        };
        part.counts.failed = 1;
        part.add_problem("a secret in a log".to_owned());
        assert_eq!(part.failures(), ["failed: b", "failed: a secret in a log"]);
        assert_eq!(part.total().failed, 2);
    }
}
