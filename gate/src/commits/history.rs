//! The commits of a repository, read from git.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use harness::context::Context;
use harness::process::command::Command;
use harness::release_tags;

use crate::commits::message::{self, Violation};

/// The error for a shallow clone: the last tag may be missing, and with it commits to check.
pub const SHALLOW: &str = "the clone is shallow, run `git fetch --unshallow`";

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// Its whole message.
    pub message: String,
}

/// A range of commits, newest first, without merges.
#[derive(Debug, Clone)]
pub struct History {
    /// The range in git's notation.
    pub range: String,
    /// The tag before the range.
    pub tag: Option<String>,
    /// The commits.
    pub commits: Vec<Commit>,
    /// Hashes of commits that are older than the rules of style.
    pub exempt: BTreeSet<String>,
    /// Whether commits are missing from the clone.
    pub is_shallow: bool,
}

impl Commit {
    /// The abbreviated hash.
    pub fn short(&self) -> &str {
        self.hash.get(..10).unwrap_or(&self.hash)
    }
}

impl History {
    /// Exempts `last` and its ancestors from the rules of style. A repository that lacks this commit has no exemptions.
    pub fn with_style_after(
        mut self,
        context: &Context,
        repository: &Path,
        last: Option<&str>,
    ) -> Result<Self> {
        if let Some(last) = last {
            let command = Command::new(context, "git").current_dir(repository);
            let output = command
                .args(["rev-list", "--end-of-options", last, "--"])
                .capture()?;
            if output.status.success() {
                self.exempt = output.stdout.lines().map(str::to_owned).collect();
            }
        }
        Ok(self)
    }

    /// The violations of the messages.
    pub fn violations(&self) -> impl Iterator<Item = (&Commit, Violation)> {
        let violation = |commit: &Commit| {
            if self.exempt.contains(&commit.hash) {
                message::impact(&commit.message).err()
            } else {
                message::check(&commit.message).err()
            }
        };
        self.commits
            .iter()
            .filter_map(move |commit| Some((commit, violation(commit)?)))
    }
}

/// The commits since the last version tag, or all. When `HEAD` carries the tag itself, the range starts at the tag before.
pub fn since_last_tag(context: &Context, repository: &Path) -> Result<History> {
    since(
        context,
        repository,
        release_tags::last_before_head(context, repository)?,
    )
}

/// The commits since the last release: none when `HEAD` is one.
pub fn since_last_release(context: &Context, repository: &Path) -> Result<History> {
    since(
        context,
        repository,
        release_tags::last_of(context, repository, "HEAD")?,
    )
}

fn since(context: &Context, repository: &Path, tag: Option<String>) -> Result<History> {
    let range = tag
        .as_ref()
        .map_or("HEAD".to_owned(), |tag| format!("{tag}..HEAD"));
    Ok(History {
        tag,
        ..of_range(context, repository, &range)?
    })
}

/// The commits of a range.
pub fn of_range(context: &Context, repository: &Path, range: &str) -> Result<History> {
    let args = [
        "log",
        "-z",
        "--no-merges",
        "--format=%H%n%B",
        "--end-of-options",
        range,
        "--",
    ];
    let text = git(context, repository, &args)?;
    let commits = text.split('\0').filter(|entry| !entry.is_empty()).map(|entry| {
        let (hash, message) = entry.split_once('\n').unwrap_or((entry, ""));
        Commit {
            hash: hash.to_owned(),
            message: message.to_owned(),
        }
    });
    let shallow = git(context, repository, &["rev-parse", "--is-shallow-repository"])?;
    Ok(History {
        range: range.to_owned(),
        tag: None,
        exempt: BTreeSet::new(),
        commits: commits.collect(),
        is_shallow: shallow.trim() == "true",
    })
}

fn git(context: &Context, repository: &Path, args: &[&str]) -> Result<String> {
    Command::new(context, "git")
        .current_dir(repository)
        .args(args)
        .output()
}
