//! `cargo xtask commits`: every message of a commit is a Conventional Commit; changes none.

pub mod history;
pub mod message;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use history::History;

/// Options of `cargo xtask commits`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// These commits, as git writes a range [default: those since the last tag]
    #[arg(long, value_name = "A..B", conflicts_with = "message_file")]
    range: Option<String>,
    /// A message that is about to be committed: what git hands to a commit-msg hook
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
    let violations: Vec<String> = history
        .violations()
        .map(|(commit, violation)| format!("{} line {}: {}", commit.short(), violation.line, violation.what))
        .collect();
    violations.iter().for_each(|violation| print(violation));
    let History { commits, range, .. } = &history;
    match violations.len() {
        0 => print(&format!("commits: {} in {range}, in order", commits.len())),
        count => bail!("commits: {count} of {} in {range} not in order", commits.len()),
    }
    if history.is_shallow {
        print("this clone is shallow: what it does not have was not looked at");
    }
    Ok(())
}

/// A merge that is about to be committed has git's own message, and is passed over here as everywhere.
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
