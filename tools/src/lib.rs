//! The tools of the gate: one table, found by version, installed by name into the cache.

/// One row.
pub mod tool;

/// All rows.
pub mod table;

/// What was installed, file by file.
pub mod record;

/// Where a program is.
pub mod find;

/// A folder staging.
mod staging;

/// crates.io.
mod crates;

/// PyPI.
mod pypi;

/// npm.
pub mod npm;

/// Go.
mod go;

/// Brings one into the cache.
pub mod install;

/// `tools list`
mod list;

/// `tools verify`
mod verify;

/// `tools lock`
mod lock;

use std::time::Instant;

use anyhow::Result;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use tool::Tool;

/// Subcommands of `cargo xtask tools`.
#[derive(Debug, clap::Subcommand)]
pub enum Task {
    /// Brings tools into the cache: those named, or all that a registry has
    Install {
        /// Names of tools
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Also what is there already
        #[arg(long)]
        again: bool,
    },
    /// Shows each tool: version, where it is or what is missing, licence
    List,
    /// Looks whether what is in the cache is still what was installed
    Verify,
    /// Writes the lock file of a tool from PyPI anew
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

/// One that fails does not keep the others away.
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

/// Those of these names; without any, all that can be installed.
fn wanted(names: &[String]) -> Result<Vec<Tool>> {
    match names {
        [] => {
            let all = table::all()?.into_iter();
            Ok(all.filter(|tool| tool.install.is_by_name()).collect())
        }
        names => names.iter().map(|name| table::get(name)).collect(),
    }
}
