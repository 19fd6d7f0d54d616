//! The commands that need PostgreSQL or the service.

use std::process::ExitCode;

use harness::context::Context;
use harness::exit;
use stack::commands::Command;

fn main() -> ExitCode {
    let command: Command = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| command.run(&context)))
}
