//! Scripts in the place of programs, for tests.

use std::path::Path;

use anyhow::Result;

use crate::context::Context;
use crate::process::command::Command;
use crate::process::shutdown::Stop;
use crate::settings::Settings;

/// Writes a script that can be executed. A child process writes it: a file that this process has open could be inherited by a child
/// that another test starts, and then not be executed (ETXTBSY).
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let context = Context {
        settings: Settings::read(),
        stop: Stop::default(),
    };
    let shell = Command::new(&context, "/bin/sh").args(["-c", r#"printf '%s' "$1" >"$0" && chmod 755 "$0""#]);
    shell.args([file]).args([text]).output()?;
    Ok(())
}
