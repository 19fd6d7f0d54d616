//! `cargo xtask deploy …`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;
use rollout::commands::{self, Task};

/// Deploys the service to Azure in steps, each of which can be rolled back.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Cli {
    /// Plan, apply, inspect and roll back deploys
    #[command(subcommand)]
    Deploy(Task),
}

fn main() -> ExitCode {
    let Cli::Deploy(task) = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| commands::run(&context, &task)))
}
