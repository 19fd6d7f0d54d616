//! The program behind `cargo xtask tools`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Lists, installs and verifies the gate's tools
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask tools")]
struct Cli {
    #[command(subcommand)]
    task: tools::Task,
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| tools::run(&context, &cli.task)))
}
