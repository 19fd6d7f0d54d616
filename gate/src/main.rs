//! The commands of the gate.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use gate::report::regenerate as report;
use gate::waivers::command as waivers;
use gate::{ci, commits, release};
use harness::context::Context;
use harness::exit;

/// Checks the tree.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Run every gate and write a report to `target/report/`
    Ci(ci::Options),
    /// Check that commit messages are Conventional Commits
    Commits(commits::Options),
    /// Write the gate's report again from its `report.json`
    Report(report::Options),
    /// Make a new version: changelog, commit, tag; never pushes
    Release(release::Options),
    /// Check, list or apply the accepted findings
    Waivers(waivers::Options),
}

fn main() -> ExitCode {
    let command: Command = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| run(&context, &command)))
}

fn run(context: &Context, command: &Command) -> Result<()> {
    match command {
        Command::Ci(options) => ci::run(context, options),
        Command::Commits(options) => commits::run(context, options),
        Command::Report(options) => report::run(context, options),
        Command::Release(options) => release::run(context, options),
        Command::Waivers(options) => waivers::run(context, options),
    }
}
