//! `cargo xtask commits`: checks that commit messages are Conventional Commits with an imperative subject.

pub mod history;
pub mod message;
pub mod settings;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use crate::config::Config;
use history::History;

/// Options of `cargo xtask commits`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A range of commits [default: those since the last version tag]
    #[arg(long, value_name = "A..B", conflicts_with = "message_file")]
    range: Option<String>,
    /// The message of a commit in progress, as git passes it to a commit-msg hook
    #[arg(long, value_name = "FILE")]
    message_file: Option<PathBuf>,
}

/// Checks.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    if let Some(file) = &options.message_file {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return of_hook(context, &text);
    }
    let root = &context.settings.root;
    let history = match &options.range {
        Some(range) => history::of_range(context, root, range)?,
        None => {
            let history = history::since_last_tag(context, root)?;
            ensure!(!history.is_shallow, history::SHALLOW);
            history
        }
    };
    let last = Config::read(root)?.commits.style_after;
    let history = history.with_style_after(context, root, last.as_deref())?;
    let violations: Vec<String> = history
        .violations()
        .map(|(commit, violation)| format!("{} line {}: {}", commit.short(), violation.line, violation.what))
        .collect();
    violations.iter().for_each(|violation| print(violation));
    let History { commits, range, .. } = &history;
    match violations.len() {
        0 => print(&format!("commits: {} in {range}, all valid", commits.len())),
        count => bail!("commits: {count} of {} in {range} invalid", commits.len()),
    }
    if history.is_shallow {
        print("this clone is shallow: missing commits were not checked");
    }
    Ok(())
}

/// A merge in progress keeps git's message: merges are not checked.
fn of_hook(context: &Context, text: &str) -> Result<()> {
    let args = ["rev-parse", "--quiet", "--verify", "MERGE_HEAD"];
    if Command::new(context, "git")
        .args(args)
        .capture()?
        .status
        .success()
    {
        return Ok(());
    }
    match message::of_hook(text).and_then(|text| message::check(&text)) {
        Ok(()) => Ok(()),
        Err(violation) => bail!("line {}: {}", violation.line, violation.what),
    }
}
