//! `cargo xtask waivers check|sync|list`: the ledger by hand; the gate `waivers` makes the same checks.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use harness::clock;
use harness::context::Context;
use harness::output::print;
use harness::worktree;

use crate::config::Config;
use crate::waivers::check;
use crate::waivers::deny_toml;
use crate::waivers::ignore_files::{self, LISTS};
use crate::waivers::ledger::Ledger;
use crate::waivers::parse;
use crate::waivers::violation::Violation;
use crate::waivers::warnings;

/// Options of `cargo xtask waivers`.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Entries, the tools' own lists and ignores in files: are they in order?
    Check,
    /// Writes the tools' own lists from the ledger
    Sync,
    /// Every entry and its days left
    List,
}

/// Does it.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let (root, today) = (&context.settings.root, clock::now().date_naive());
    match options.what {
        What::Check => {
            let mut files = worktree::listed(context)?;
            let canaries = Config::read(root)?.canaries;
            files.retain(|path| !path.starts_with(&canaries));
            checked(root, &files, today)
        }
        What::Sync => sync(root, today),
        What::List => list(root, today),
    }
}

fn checked(root: &Path, files: &[String], today: NaiveDate) -> Result<()> {
    let ledger = parse::read(root)?;
    warnings::ending(&ledger, today)
        .iter()
        .for_each(|line| tell(line));
    let violations = check::folder(root, files.iter().map(String::as_str), today)?;
    for violation in &violations {
        tell_fault(violation);
    }
    match violations.len() {
        0 => {
            print(&format!(
                "waivers: {} entries, {} files, in order",
                ledger.waiver.len(),
                files.len()
            ));
            Ok(())
        }
        count => bail!("waivers: {count} not in order"),
    }
}

/// On one line, whatever an entry holds: anybody can propose a ledger.
fn tell(line: &str) {
    print(&line.replace('\n', "\\n"));
}

fn tell_fault(violation: &Violation) {
    let line = violation.line.map_or(String::new(), |line| format!(":{line}"));
    tell(&format!(
        "{}{line}: {}: {}",
        violation.path, violation.rule, violation.what
    ));
}

/// Tells every entry that cannot be read, and fails when there is one.
fn whole(ledger: &Ledger) -> Result<()> {
    ledger.malformed.iter().for_each(tell_fault);
    match ledger.malformed.len() {
        0 => Ok(()),
        count => bail!("waivers: {count} that cannot be read"),
    }
}

fn sync(root: &Path, today: NaiveDate) -> Result<()> {
    let ledger = parse::read(root)?;
    whole(&ledger)?;
    for list in LISTS {
        write(root, list.path, list.of(&ledger, today))?;
    }
    if let Ok(text) = fs::read_to_string(root.join(deny_toml::PATH)) {
        write(
            root,
            deny_toml::PATH,
            Some(deny_toml::with(&text, &ledger, today).map_err(anyhow::Error::msg)?),
        )?;
    }
    ignore_files::left_out(&ledger).iter().for_each(|line| tell(line));
    Ok(())
}

/// Writes a list, or removes one that has nothing to say, and tells what changed.
fn write(root: &Path, path: &str, text: Option<String>) -> Result<()> {
    let file = root.join(path);
    if fs::read_to_string(&file).ok() == text {
        return Ok(());
    }
    match text {
        Some(text) => {
            fs::create_dir_all(file.parent().context("a file has a folder")?)?;
            fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
            print(&format!("wrote    {path}"));
        }
        None => {
            fs::remove_file(&file).with_context(|| format!("cannot remove {path}"))?;
            print(&format!("removed  {path}"));
        }
    }
    Ok(())
}

fn list(root: &Path, today: NaiveDate) -> Result<()> {
    let ledger = parse::read(root)?;
    for waiver in &ledger.waiver {
        let left = (waiver.expires - today).num_days();
        let days = if left < 0 {
            "expired".to_owned()
        } else {
            format!("{left} days left")
        };
        let tools = waiver.tools.join(", ");
        tell(&format!(
            "{:<8} {:<14} {:<24} {tools}; {}",
            waiver.id, days, waiver.rule, waiver.owner
        ));
    }
    whole(&ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_fails_whoever_asks_for_it() {
        let broken = parse::ledger("waiver = 7 [");
        assert!(whole(&broken).is_err());
        assert!(whole(&parse::ledger("")).is_ok());
    }
}
