//! `cargo xtask soak`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Rotates database logins under load and counts failed requests.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask soak")]
struct Cli {
    #[command(flatten)]
    options: soak::Options,
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| soak::run(&context, &cli.options)))
}
