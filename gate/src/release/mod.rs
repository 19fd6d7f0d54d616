//! `cargo xtask release VERSION`: commits and tags a version that follows from the commits, if the gate passed. It never pushes.

mod changelog;
mod gate_report_check;
mod manifest;
mod version;

#[cfg(test)]
mod tests;

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{DateTime, Utc};
use harness::clock;
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;
use semver::Version;
use tools::{find, table};

use crate::commits::history;
use crate::config::Config;

/// Files that a release changes.
const FILES: [&str; 3] = [manifest::FILE, manifest::LOCK, changelog::FILE];

/// Options of `cargo xtask release`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The new version, for example 0.2.0
    version: Version,
    /// Check everything and print the changelog's new section, without changes
    #[arg(long)]
    dry_run: bool,
}

/// Releases. An error leaves the tree unchanged.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    release(context, options, clock::now())
}

fn release(context: &Context, options: &Options, now: DateTime<Utc>) -> Result<()> {
    let root = &context.settings.root;
    let config = Config::read(root)?;
    let read =
        |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    let dirty = git(context, &["status", "--porcelain"])?;
    ensure!(
        dirty.is_empty(),
        "the tree is dirty, commit first:\n{}",
        dirty.trim_end()
    );

    let (text, log) = (read(manifest::FILE)?, read(changelog::FILE)?);
    let current = manifest::version(&text)?;
    let history = history::since_last_release(context, root)?;
    let history = history.with_style_after(context, root, config.commits.style_after.as_deref())?;
    ensure!(!history.is_shallow, history::SHALLOW);
    if let Some((commit, violation)) = history.violations().next() {
        bail!(
            "{} line {}: {}: no version follows from it",
            commit.short(),
            violation.line,
            violation.what
        );
    }
    version::check(&options.version, &current, &history)?;
    let tag = format!("v{}", options.version);
    let existing = git(context, &["tag", "--list", &tag])?;
    ensure!(existing.is_empty(), "there is a tag {tag} already");
    let head = git(context, &["rev-parse", "HEAD"])?;
    gate_report_check::check(&context.settings.target, head.trim(), now)?;

    let section = changelog::section(&log, &options.version, now.date_naive(), &notes(context, &tag)?)?;
    if options.dry_run {
        print(&format!(
            "{section}\n{tag} could be released from {}; nothing was changed",
            head.trim()
        ));
        return Ok(());
    }
    let log = changelog::with(&log, &section)?;
    let changed =
        change(context, &config, (&text, &log), &current, options).and_then(|()| commit(context, &tag));
    if let Err(error) = changed {
        let mut args = vec!["restore", "--staged", "--worktree", "--"];
        args.extend(
            FILES
                .into_iter()
                .chain(config.openapi.as_deref())
                .filter(|file| root.join(file).exists()),
        );
        git(context, &args).context("cannot undo what was written")?;
        return Err(error);
    }
    let message = format!("{} {}", config.name, options.version);
    git(context, &["tag", "--annotate", "--message", &message, &tag])
        .with_context(|| format!("committed, but not tagged: `git tag --annotate {tag}`"))?;
    print(&format!(
        "{tag} is committed and tagged; nothing was pushed. Push the commit as a branch, merge it with a merge commit, and then push the tag"
    ));
    Ok(())
}

fn change(
    context: &Context,
    config: &Config,
    (text, log): (&str, &str),
    from: &Version,
    options: &Options,
) -> Result<()> {
    let (root, to) = (&context.settings.root, &options.version);
    fs::write(root.join(changelog::FILE), log)?;
    fs::write(root.join(manifest::FILE), manifest::with(text, from, to)?)?;
    if let Some(path) = &config.openapi {
        let document = root.join(path);
        let text = fs::read_to_string(&document).with_context(|| format!("cannot read {path}"))?;
        let text = manifest::document_with(&text, from, to).with_context(|| path.clone())?;
        fs::write(&document, text)?;
    }
    // Only the versions of the workspace's own crates change.
    let update = Command::cargo(context).args(["update", "--quiet", "--workspace", "--offline"]);
    update.output()?;
    Ok(())
}

fn commit(context: &Context, tag: &str) -> Result<()> {
    let message = format!("chore(release): release {tag}");
    git(context, &["commit", "--quiet", "--all", "--message", &message])?;
    Ok(())
}

/// git-cliff's list of the commits.
fn notes(context: &Context, tag: &str) -> Result<String> {
    let tool = table::get("git-cliff")?;
    let program = find::find(context, &tool)?.map_err(|why| {
        anyhow::anyhow!("{why}: it writes the changelog; `cargo xtask tools install git-cliff`")
    })?;
    let command = Command::new(context, program.file).args(["--config", "cliff.toml", "--offline"]);
    let command = command.args(["--unreleased", "--strip", "all", "--tag", tag]);
    command.output()
}

fn git(context: &Context, args: &[&str]) -> Result<String> {
    Command::new(context, "git").args(args).output()
}
