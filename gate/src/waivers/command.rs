//! `cargo xtask waivers check|sync|list`. The gate `waivers` makes the same checks.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use chrono::NaiveDate;
use harness::clock;
use harness::context::Context;
use harness::output::print;
use harness::worktree;

use crate::config::Config;
use crate::waivers::ignore_files::{self, LISTS};
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::Violation;
use crate::waivers::{check, deny_toml, warnings};

/// Options of `cargo xtask waivers`.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Check the entries, the tools' own ignore lists, and ignores in files
    Check,
    /// Generate the tools' own ignore lists from the ledger
    Sync,
    /// List each entry with its remaining days
    List,
}

/// Runs the subcommand.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let (root, today) = (&context.settings.root, clock::now().date_naive());
    match options.task {
        Task::Check => {
            let mut files = worktree::listed(context)?;
            let canaries = Config::read(root)?.canaries;
            files.retain(|path| !path.starts_with(&canaries));
            check(root, &files, today)
        }
        Task::Sync => sync(root, today),
        Task::List => list(root, today),
    }
}

fn check(root: &Path, files: &[String], today: NaiveDate) -> Result<()> {
    let ledger = Ledger::read(root)?;
    for line in warnings::ending(&ledger, today) {
        print_line(&line);
    }
    let violations = check::folder(root, files.iter().map(String::as_str), today)?;
    violations.iter().for_each(print_violation);
    ensure!(violations.is_empty(), "waivers: {} violations", violations.len());
    print(&format!(
        "waivers: {} entries, {} files, no violation",
        ledger.waivers.len(),
        files.len()
    ));
    Ok(())
}

/// On one line, whatever an entry contains: the ledger is untrusted.
fn print_line(line: &str) {
    print(&line.replace('\n', "\\n"));
}

fn print_violation(violation: &Violation) {
    let Violation { rule, what, path, .. } = violation;
    let line = violation.line.map_or(String::new(), |line| format!(":{line}"));
    print_line(&format!("{path}{line}: {rule}: {what}"));
}

/// Prints every entry that cannot be read, and fails if there is one.
fn ensure_readable(ledger: &Ledger) -> Result<()> {
    ledger.malformed.iter().for_each(print_violation);
    let count = ledger.malformed.len();
    ensure!(count == 0, "waivers: {count} entries cannot be read");
    Ok(())
}

fn sync(root: &Path, today: NaiveDate) -> Result<()> {
    let ledger = Ledger::read(root)?;
    ensure_readable(&ledger)?;
    for list in LISTS {
        write(root, list.path, list.of(&ledger, today))?;
    }
    if let Ok(text) = fs::read_to_string(root.join(deny_toml::PATH)) {
        let text = deny_toml::with(&text, &ledger, today).map_err(anyhow::Error::msg)?;
        write(root, deny_toml::PATH, Some(text))?;
    }
    for line in ignore_files::omitted(&ledger) {
        print_line(&line);
    }
    Ok(())
}

/// Writes or removes a list if it differs, and prints what changed.
fn write(root: &Path, path: &str, text: Option<String>) -> Result<()> {
    let file = root.join(path);
    if fs::read_to_string(&file).ok() == text {
        return Ok(());
    }
    if let Some(text) = text {
        fs::create_dir_all(file.parent().context("a file has a folder")?)?;
        fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        print(&format!("wrote    {path}"));
    } else {
        fs::remove_file(&file).with_context(|| format!("cannot remove {path}"))?;
        print(&format!("removed  {path}"));
    }
    Ok(())
}

fn list(root: &Path, today: NaiveDate) -> Result<()> {
    let ledger = Ledger::read(root)?;
    for waiver in &ledger.waivers {
        let left = (waiver.expires - today).num_days();
        let days = if left < 0 {
            "expired".to_owned()
        } else {
            format!("{left} days left")
        };
        let tools = waiver.tools.join(", ");
        print_line(&format!(
            "{:<8} {:<14} {:<24} {tools}; {}",
            waiver.id, days, waiver.rule, waiver.owner
        ));
    }
    ensure_readable(&ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_ledger_is_an_error() {
        assert!(ensure_readable(&Ledger::parse("waiver = 7 [")).is_err());
        assert!(ensure_readable(&Ledger::parse("")).is_ok());
    }
}
