//! The harness: one command for every job in this repository. It only chooses the command.

/// The two ends of a command that are no ordinary error.
mod ending;

/// Ctrl-C and its kin.
mod stop;

/// What the environment says.
mod settings;

/// What every command needs.
mod context;

/// A program that runs.
mod running;

/// Runs programs.
mod run;

/// SHA-256.
mod checksum;

/// The wall clock.
mod clock;

/// Steps on the terminal.
mod progress;

/// The end of a log.
mod tail;

/// Ports on the loopback.
mod ports;

/// One HTTP request.
mod http;

/// What a build needs from the machine.
mod needs;

/// A given server's URL.
mod url;

/// Which PostgreSQL.
mod postgres;

/// The server that the service will use.
mod server;

/// The demo accounts.
mod accounts;

/// Builds the service.
mod build;

/// The service's program and its settings.
mod service;

/// A running service.
mod serving;

/// Where a stage keeps its files.
mod home;

/// PostgreSQL, data and service in one piece.
mod stage;

/// The state directory of `up`.
mod state;

/// What a state directory remembers.
mod record;

/// What an earlier `up` left running.
mod leftovers;

/// `cargo xtask up`
mod up;

/// `cargo xtask down`
mod down;

/// The tree as git sees it.
mod checkout;

/// How many tests passed.
mod counts;

/// The record of a whole run of the tests.
mod tested;

/// Names and outcomes of tests.
mod libtest;

/// A PostgreSQL for tests.
mod test_postgres;

/// The accessibility checker.
mod axe;

/// Secrets in logs.
mod leaks;

/// A browser for the features.
mod browser;

/// `cargo xtask bdd`
mod bdd;

/// `cargo xtask test`
mod test;

/// Planted defects.
mod canaries;

/// `cargo xtask tidy`
mod tidy;

/// `cargo xtask bench`
mod bench;

/// The tools of the gate.
mod tools;

/// `cargo xtask commits`
mod commits;

/// `cargo xtask ci`
mod gate;

/// `cargo xtask release`
mod release;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use context::Context;
use ending::Ending;
use settings::Settings;
use stop::Stop;

/// One command for every job in this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build and run everything on this machine, until Ctrl-C
    Up(up::Options),
    /// Stop what `up` started
    Down(down::Options),
    /// Every test, with a private PostgreSQL; closes with the counts
    Test(test::Options),
    /// The features, against a server that is started for them or a given one
    Bdd(bdd::Options),
    /// Check the repository's own rules
    Tidy(tidy::Options),
    /// Show a behaviour's text, code, tests and scenarios
    Tour {
        /// As in docs/behaviours.md, for example `B7`; without it, all are listed
        id: Option<String>,
    },
    /// The measurements
    Bench(bench::Options),
    /// The gate's tools: which, where, and bringing them
    #[command(subcommand)]
    Tools(tools::Task),
    /// The whole gate, with a report in `target/report/`
    Ci(gate::Options),
    /// Messages of commits: are they Conventional Commits?
    Commits(commits::Options),
    /// The gate's report once more, from its `report.json`
    Report(gate::report::again::Options),
    /// A new version: changelog, commit, tag; never pushes
    Release(release::Options),
    /// The ledger of accepted findings
    Waivers(gate::waivers::command::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<Ending>() {
            Some(Ending::Interrupted) => {
                eprintln!("interrupted: stopped what was started");
                ExitCode::from(130)
            }
            Some(Ending::Told) => ExitCode::FAILURE,
            None => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

fn run(task: &Task) -> Result<()> {
    let context = Context {
        settings: Settings::read(),
        stop: Stop::listen()?,
    };
    match task {
        Task::Up(options) => up::run(&context, options),
        Task::Down(options) => down::run(&context, options),
        Task::Test(options) => test::run(&context, options),
        Task::Bdd(options) => bdd::run(&context, options),
        Task::Tidy(options) => tidy::run(&context.settings.root, options),
        Task::Tour { id } => tidy::print_tour(&context.settings.root, id.as_deref()),
        Task::Bench(options) => bench::run(&context, options),
        Task::Tools(task) => tools::run(&context, task),
        Task::Ci(options) => gate::run(&context, options),
        Task::Commits(options) => commits::run(&context, options),
        Task::Report(options) => gate::report::again::run(&context, options),
        Task::Release(options) => release::run(&context, options),
        Task::Waivers(options) => gate::waivers::command::run(&context, options),
    }
}
