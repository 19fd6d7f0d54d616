//! The commands that need PostgreSQL or the service.

use std::process::ExitCode;

use clap::Parser;
use harness::context::Context;
use harness::exit;
use stack::commands::Command;

fn main() -> ExitCode {
    let command = Command::parse();
    exit::code_of(Context::new().and_then(|context| command.run(&context)))
}
