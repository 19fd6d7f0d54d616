//! The runtime of commands that wait for something.

use super::exit::fail;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread; if it cannot be started, prints an error and returns the exit code.
pub fn runtime() -> Result<Runtime, ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| fail(1, &error))
}
