//! The program `portcullis`. Never does anything itself: see `cli`.
use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::cli::run()
}
