//! `cargo xtask vault …`.

use std::process::ExitCode;

use harness::exit;
use vault_setup::command::Command;

fn main() -> ExitCode {
    let command: Command = exit::parse_arguments();
    exit::code_of(command.run())
}
