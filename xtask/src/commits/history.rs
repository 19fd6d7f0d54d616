//! The commits of a repository, as git tells them; judges none but by `message`.

use std::path::Path;

use anyhow::{Result, ensure};

use super::message::{self, Fault};
use crate::context::Context;
use crate::run::Call;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// Its whole message.
    pub message: String,
}

/// Some commits, the newest first, without merges.
#[derive(Debug, Clone)]
pub struct History {
    /// Which, as git writes it.
    pub range: String,
    /// The tag before them.
    pub tag: Option<String>,
    /// The commits.
    pub commits: Vec<Commit>,
    /// The clone does not have everything.
    pub is_shallow: bool,
}

impl Commit {
    /// Its hash as people write it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.hash.get(..10).unwrap_or(&self.hash)
    }
}

impl History {
    /// What is wrong with their messages.
    pub fn faults(&self) -> impl Iterator<Item = (&Commit, Fault)> {
        let fault = |commit: &Commit| message::read(&commit.message).err();
        self.commits
            .iter()
            .filter_map(move |commit| Some((commit, fault(commit)?)))
    }
}

/// The commits since the last tag of a version, or all. A commit that carries the tag is looked at as well: then it is
/// those since the tag before.
///
/// # Errors
/// When git does not answer.
pub fn since_last_tag(context: &Context, repository: &Path) -> Result<History> {
    since(context, repository, tag_before(context, repository, "HEAD^")?)
}

/// The commits since the last release: none when this commit is one.
///
/// # Errors
/// When git does not answer.
pub fn since_last_release(context: &Context, repository: &Path) -> Result<History> {
    since(context, repository, tag_before(context, repository, "HEAD")?)
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
///
/// # Errors
/// When there is no such range.
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
        commits: commits.collect(),
        is_shallow: shallow.trim() == "true",
    })
}

/// The newest tag of a version on the way to this commit.
///
/// # Errors
/// When git does not run.
fn tag_before(context: &Context, repository: &Path, commit: &str) -> Result<Option<String>> {
    let args = ["describe", "--tags", "--abbrev=0", "--match=v[0-9]*", commit];
    let said = Call::new(context, "git")
        .within(repository)
        .args(args)
        .capture()?;
    let tag = said.stdout.trim();
    Ok((said.status.success() && !tag.is_empty()).then(|| tag.to_owned()))
}

fn git(context: &Context, repository: &Path, args: &[&str]) -> Result<String> {
    let said = Call::new(context, "git")
        .within(repository)
        .args(args)
        .capture()?;
    ensure!(
        said.status.success(),
        "git {}: {}",
        args.join(" "),
        said.stderr.trim()
    );
    Ok(said.stdout)
}
