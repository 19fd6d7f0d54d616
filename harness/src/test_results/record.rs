//! The record of a whole run of the tests: which tree, when, every test and every scenario. `test` writes it and `ci` reads
//! it, so that nobody runs the same tests over the same tree twice.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::context::Context;
use crate::output::print;
use crate::test_results::counts::Counts;
use crate::worktree;

/// One test or scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
    /// The feature's file, below the root.
    #[serde(default)]
    pub path: Option<String>,
    /// Its line there.
    #[serde(default)]
    pub line: Option<u64>,
    /// Its tags and its feature's.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// All tests, or all scenarios.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What their programs counted themselves.
    pub counts: Counts,
    /// Each by name.
    pub cases: Vec<Case>,
    /// What is wrong beside a case that failed: a secret in a log, a program that died.
    pub problems: Vec<String>,
}

/// A whole run.
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
    /// What could not run, and what would help.
    pub not_run: Vec<String>,
}

impl Part {
    /// Did anything run, and did all of it pass?
    pub fn is_good(&self) -> bool {
        self.counts.is_good() && self.problems.is_empty()
    }
}

/// The tree's digest before a whole run, which makes an earlier record void; `None`: there is no checkout, and then there
/// is no record either.
pub fn begin(context: &Context) -> Option<String> {
    let _none_there = fs::remove_file(file(context));
    worktree::digest(context).ok()
}

/// Keeps the record of a run, unless somebody has changed the tree meanwhile.
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
    let file = file(context);
    let aside = file.with_extension("new");
    fs::write(&aside, serde_json::to_string_pretty(&record)?)
        .and_then(|()| fs::rename(&aside, &file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The last record, if it is of just this tree and ended on this day.
pub fn find(context: &Context, today: DateTime<Utc>) -> Option<Record> {
    let record: Record = serde_json::from_str(&fs::read_to_string(file(context)).ok()?).ok()?;
    let same_day = record.ended.date_naive() == today.date_naive();
    (same_day && worktree::digest(context).ok()? == record.tree).then_some(record)
}

fn file(context: &Context) -> PathBuf {
    context.settings.target.join("xtask").join("tested.json")
}
