//! `cargo xtask up --compose` and `cargo xtask down --compose`.

use std::process::ExitCode;

use compose::Command;
use harness::context::Context;
use harness::exit;

fn main() -> ExitCode {
    let command: Command = exit::parse_arguments();
    exit::code_of(Context::new().and_then(|context| command.run(&context)))
}
