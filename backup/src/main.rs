//! `cargo xtask backup`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Destroys a database of 1,000,000 prices and restores it from a backup, with the scripts of `deploy/backup`.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask backup")]
struct Cli {
    #[command(flatten)]
    options: backup::Options,
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| backup::run(&context, &cli.options)))
}
