//! The commands.

mod bdd;
mod down;
mod target;
mod test;
mod test_postgres;
mod up;
mod vault_contract;

use anyhow::Result;
use clap::Parser;
use harness::context::Context;

use crate::service::build;

/// Runs PostgreSQL and the service on this machine.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
pub enum Command {
    /// Build and run everything on this machine, until Ctrl-C
    Up(up::Options),
    /// Stop what `up` started
    Down(down::Options),
    /// Run every test, with a private PostgreSQL
    Test(test::Options),
    /// Run the features, against a server that is started for them or a given one
    Bdd(bdd::Options),
    /// For the gate: serve with demo data and accounts until standard input is closed
    Target(target::Options),
    /// For the gate: run a PostgreSQL for tests until standard input is closed
    TestPostgres,
    /// For the gate: print the cargo features that a build needs on this machine
    BuildFeatures,
}

impl Command {
    /// Runs it to its end.
    pub fn run(&self, context: &Context) -> Result<()> {
        match self {
            Command::Up(options) => up::run(context, options),
            Command::Down(options) => down::run(context, options),
            Command::Test(options) => test::run(context, options),
            Command::Bdd(options) => bdd::run(context, options),
            Command::Target(options) => target::run(context, options),
            Command::TestPostgres => test_postgres::run(context),
            Command::BuildFeatures => build::print_features(context),
        }
    }
}
