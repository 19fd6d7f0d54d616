//! Standard output.

use std::io::{ErrorKind, Write, stdout};

use anyhow::Context as _;

/// Prints text. A closed pipe is not an error; anything else is, because a finding that is not printed is not reported.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}
