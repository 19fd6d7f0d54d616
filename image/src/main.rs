//! `cargo xtask image`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Builds the container image of the service, checks its content, and starts it without privileges.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask image")]
struct Cli {
    #[command(flatten)]
    options: image::Options,
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| image::run(&context, &cli.options)))
}
