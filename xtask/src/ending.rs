//! The two ends of a command that are no ordinary error; never prints.

use std::fmt;

/// Why a command ends although there is nothing (more) to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Ctrl-C or a stop signal while something was still being prepared: exit code 130.
    Interrupted,
    /// It failed, and the output says so already: exit code 1.
    Told,
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Ending::Interrupted => "interrupted",
            Ending::Told => "failed",
        })
    }
}

impl std::error::Error for Ending {}
