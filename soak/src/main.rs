//! `cargo xtask soak`.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;

/// Rotates database logins under load and counts failed requests.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask soak", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    options: soak::Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Applies each later step of the schema while the program of the previous release serves under load
    Migrations(soak::migrations::Options),
}

fn main() -> ExitCode {
    let cli: Cli = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| match &cli.command {
        None => soak::run(&context, &cli.options),
        Some(Command::Migrations(options)) => soak::migrations::run(&context, options),
    }))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
