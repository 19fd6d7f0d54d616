//! The gate's tools: pinned in one table, found by version, installed by name into the cache.

mod crates;
pub mod find;
mod go;
pub mod install;
mod list;
mod lock;
pub mod npm;
mod pypi;
pub mod record;
mod staging;
pub mod table;
pub mod tool;
mod verify;

use std::time::Instant;

use anyhow::Result;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use crate::tool::Tool;

/// Subcommands of `cargo xtask tools`.
#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Install tools into the cache: the named ones, or all that a registry has
    Install {
        /// Names of tools
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Also tools that are already installed
        #[arg(long)]
        again: bool,
    },
    /// Show each tool: version, place or what is missing, licence
    List,
    /// Verify that the cache still holds what was installed
    Verify,
    /// Write the lock file of a PyPI tool again
    Lock {
        /// Names of tools
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
}

/// Runs one.
pub fn run(context: &Context, task: &Task) -> Result<()> {
    match task {
        Task::Install { names, again } => install_all(context, names, *again),
        Task::List => list::run(context),
        Task::Verify => verify::run(context),
        Task::Lock { names } => lock::run(context, names),
    }
}

/// A failure does not stop the others.
fn install_all(context: &Context, names: &[String], again: bool) -> Result<()> {
    let mut failed = false;
    for tool in wanted(names)? {
        let found = find::find(context, &tool)?;
        if let (Ok(program), false) = (&found, again) {
            print(&format!(
                "there    {} {}, {}",
                tool.name,
                tool.version,
                program.file.display()
            ));
            continue;
        }
        print(&format!("start    {} {}", tool.name, tool.version));
        let since = Instant::now();
        let done = match again {
            true => install::install_again(context, &tool),
            false => install::install(context, &tool),
        };
        match done {
            Ok(()) => print(&format!(
                "ready    {} {}, {}",
                tool.name,
                tool.version,
                seconds(since.elapsed())
            )),
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => {
                failed = true;
                print(&format!("failed   {} {}: {error:#}", tool.name, tool.version));
            }
        }
    }
    match failed {
        true => Err(Exit::AlreadyReported.into()),
        false => Ok(()),
    }
}

/// The named tools; without names, all that can be installed.
fn wanted(names: &[String]) -> Result<Vec<Tool>> {
    match names {
        [] => {
            let all = table::all()?.into_iter();
            Ok(all.filter(|tool| tool.install.is_by_name()).collect())
        }
        names => names.iter().map(|name| table::get(name)).collect(),
    }
}
