//! The operator's commands, which the program `portcullis` runs with the settings of this program's environment.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Stdio;

/// Runs a command to its end.
pub async fn run(program: &Path, arguments: Vec<String>) -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only file of this program that starts processes, and it waits for their end"
    )]
    let mut command = std::process::Command::new(program);
    command.args(&arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
