//! How a command ends: success, a printed error, or one of two ends without an error message.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

/// An end without an error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Ctrl-C or a stop signal: exit code 130.
    Interrupted,
    /// The output explains the failure already: exit code 1.
    AlreadyReported,
}

/// The exit code of a command; prints its error.
pub fn code_of(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
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
