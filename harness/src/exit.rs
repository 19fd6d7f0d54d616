//! How a command ends: success, a printed error, or one of two ends without an error message.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::output;

/// An end without an error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Ctrl-C or a stop signal: exit code 130.
    Interrupted,
    /// The output explains the failure already: exit code 1.
    AlreadyReported,
}

/// Parses the command line; prints help and version, and ends the program after them or after an error.
pub fn parse_arguments<T: clap::Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            error.exit();
        }
        // `exit` would ignore that standard output cannot be written.
        output::print(error.render().to_string().trim_end());
        let code = output::failure().map_or(0, |failure| {
            eprintln!("error: cannot write to standard output: {failure}");
            1
        });
        std::process::exit(code)
    })
}

/// The exit code of a command; prints its error. A result that could not be printed is an error.
pub fn code_of(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return match output::failure() {
            None => ExitCode::SUCCESS,
            Some(failure) => {
                eprintln!("error: cannot write to standard output: {failure}");
                ExitCode::FAILURE
            }
        };
    };
    match error.downcast_ref::<Exit>() {
        Some(Exit::Interrupted) => {
            eprintln!("interrupted: stopped what was started");
            ExitCode::from(130)
        }
        Some(Exit::AlreadyReported) => ExitCode::FAILURE,
        None => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Exit::Interrupted => "interrupted",
            Exit::AlreadyReported => "failed",
        })
    }
}

impl std::error::Error for Exit {}
