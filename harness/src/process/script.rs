//! Scripts in the place of programs, for tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Writes a script that can be executed. A child process writes it: a file that this process has open could be inherited by a child
/// that another test starts, and then not be executed (ETXTBSY).
///
/// # Errors
/// When the file cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "a command of the harness needs a context, and this needs none of it"
)]
pub fn write(file: &Path, text: &str) -> Result<()> {
    let status = Command::new("/bin/sh")
        .args(["-c", r#"printf '%s' "$1" >"$0" && chmod 755 "$0""#])
        .arg(file)
        .arg(text)
        .status()
        .context("/bin/sh")?;
    ensure!(status.success(), "cannot write {}", file.display());
    Ok(())
}
