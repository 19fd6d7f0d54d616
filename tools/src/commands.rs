//! The subcommands of `cargo xtask tools`.

use std::time::Instant;

use anyhow::Result;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use crate::record::Record;
use crate::tool::{Install, Tool};
use crate::{find, install, lock, table};

/// At most this many changed files of one tool are listed.
const MAX_LISTED: usize = 10;

/// Subcommands of `cargo xtask tools`.
#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Install tools into the cache: the named ones, or all that a gate needs and a registry provides
    Install {
        /// Names of tools
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Also reinstall tools that are already present
        #[arg(long)]
        again: bool,
    },
    /// List each tool with its version, licence, and location or what is missing
    List,
    /// Verify that the cache still contains what was installed
    Verify,
    /// Rewrite the lock file of a tool from PyPI, or of one from npm with dependencies
    Lock {
        /// Names of tools
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
}

/// Runs one subcommand.
pub fn run(context: &Context, task: &Task) -> Result<()> {
    match task {
        Task::Install { names, again } => install_all(context, names, *again),
        Task::List => list(context),
        Task::Verify => verify(context),
        Task::Lock { names } => lock::run(context, names),
    }
}

/// Installs one after the other; a failure does not stop the next.
fn install_all(context: &Context, names: &[String], again: bool) -> Result<()> {
    let tools = if names.is_empty() {
        let all = table::all()?.into_iter();
        all.filter(|tool| tool.install.is_by_name() && !tool.on_request)
            .collect()
    } else {
        names
            .iter()
            .map(|name| table::get(name))
            .collect::<Result<Vec<Tool>>>()?
    };
    let mut failed = false;
    for tool in tools {
        if let (Ok(program), false) = (find::find(context, &tool)?, again) {
            print_state("present", &tool, &format!(", {}", program.file.display()));
            continue;
        }
        print_state("start", &tool, "");
        let since = Instant::now();
        match install::install(context, &tool, again) {
            Ok(()) => print_state("ready", &tool, &format!(", {}", seconds(since.elapsed()))),
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => {
                failed = true;
                print_state("failed", &tool, &format!(": {error:#}"));
            }
        }
    }
    reported(failed)
}

fn list(context: &Context) -> Result<()> {
    for tool in table::all()? {
        let location = match (find::find(context, &tool)?, &tool.install) {
            (Ok(program), _) => format!("{}: {}", program.source, program.file.display()),
            (Err(why), Install::None(how)) => format!("missing: {why}; {how}"),
            (Err(why), _) => format!("missing: {why}; `cargo xtask tools install {}`", tool.name),
        };
        print(&format!(
            "{:<21} {:<9} {:<18} {location}",
            tool.name, tool.version, tool.licence
        ));
    }
    Ok(())
}

fn verify(context: &Context) -> Result<()> {
    let mut failed = false;
    for tool in table::all()? {
        context.stop.check()?;
        let Some(folder) = find::folder(context, &tool).filter(|folder| folder.exists()) else {
            continue;
        };
        let differences = match Record::read(&folder, &tool) {
            Some(record) => record.differences(&folder)?,
            None => vec!["it was not installed from what the table pins".to_owned()],
        };
        if differences.is_empty() {
            print_state("same", &tool, "");
            continue;
        }
        failed = true;
        for line in differences.iter().take(MAX_LISTED) {
            print_state("changed", &tool, &format!(": {line}"));
        }
        if let more @ 1.. = differences.len().saturating_sub(MAX_LISTED) {
            print_state("changed", &tool, &format!(": and {more} more"));
        }
        print(&format!(
            "         `cargo xtask tools install --again {}` reinstalls it",
            tool.name
        ));
    }
    reported(failed)
}

fn print_state(state: &str, tool: &Tool, details: &str) {
    print(&format!("{state:<8} {} {}{details}", tool.name, tool.version));
}

fn reported(failed: bool) -> Result<()> {
    if failed {
        return Err(Exit::AlreadyReported.into());
    }
    Ok(())
}
