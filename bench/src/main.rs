//! `cargo xtask bench`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Measures the service as ratios on this machine.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Cli {
    #[command(flatten)]
    options: bench::Options,
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| bench::run(&context, &cli.options)))
}
