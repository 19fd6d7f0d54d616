//! The commits of a repository, as git tells them; judges none but by `message`.

use std::path::Path;

use anyhow::{Result, ensure};
use harness::context::Context;
use harness::process::command::Command;
use semver::Version;

use crate::commits::message::{self, Violation};

/// What is told of a shallow clone: the last tag may be among what it lacks, and with it whatever there is to look at.
pub const SHALLOW: &str = "the clone is shallow, its history is elsewhere: `git fetch --unshallow`";

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
    pub fn short(&self) -> &str {
        self.hash.get(..10).unwrap_or(&self.hash)
    }
}

impl History {
    /// What is wrong with their messages.
    pub fn violations(&self) -> impl Iterator<Item = (&Commit, Violation)> {
        let violation = |commit: &Commit| message::impact(&commit.message).err();
        self.commits
            .iter()
            .filter_map(move |commit| Some((commit, violation(commit)?)))
    }
}

/// The commits since the last tag of a version, or all. A commit that carries the tag is looked at as well: then it is
/// those since the tag before.
pub fn since_last_tag(context: &Context, repository: &Path) -> Result<History> {
    since(context, repository, tag_before(context, repository, "HEAD^")?)
}

/// The commits since the last release: none when this commit is one.
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

/// The newest tag of a version on the way to this commit. Others that look like one, `v0test`, are none: a commit
/// is released by `v` and a semantic version, or it is not.
fn tag_before(context: &Context, repository: &Path, commit: &str) -> Result<Option<String>> {
    let command = |args: &[&str]| {
        Command::new(context, "git")
            .current_dir(repository)
            .args(args)
            .capture()
    };
    // The first commit of all has none before it.
    let merged = command(&["tag", "--list", "--merged", commit, "v[0-9]*"])?.stdout;
    let versions = merged.lines().filter(|tag| is_version(tag));
    let matches: Vec<String> = versions.map(|tag| format!("--match={tag}")).collect();
    if matches.is_empty() {
        return Ok(None);
    }
    let mut args = vec!["describe", "--tags", "--abbrev=0"];
    args.extend(matches.iter().map(String::as_str));
    args.push(commit);
    let said = command(&args)?;
    let tag = said.stdout.trim();
    Ok((said.status.success() && !tag.is_empty()).then(|| tag.to_owned()))
}

fn is_version(tag: &str) -> bool {
    tag.strip_prefix('v')
        .is_some_and(|version| Version::parse(version).is_ok())
}

fn git(context: &Context, repository: &Path, args: &[&str]) -> Result<String> {
    let said = Command::new(context, "git")
        .current_dir(repository)
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
