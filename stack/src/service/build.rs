//! Builds the service's program; never runs it.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;

use crate::service::prerequisites;

/// Builds the service and answers the program's file.
pub fn service(context: &Context, release: bool) -> Result<PathBuf> {
    let features = prerequisites::features(context)?;
    let mut command = Command::cargo(context)
        .args(["build", "--package", "portcullis", "--bin", "portcullis"])
        .args(["--message-format", "json-render-diagnostics"]);
    if release {
        command = command.args(["--release"]);
    }
    if !features.is_empty() {
        command = command.args(["--features", &features.join(",")]);
    }
    let mut program = None;
    let status = command.lines(|line| program = executable(line).or(program.take()))?;
    ensure!(status.success(), "the service does not build");
    program.context("cargo did not say where it put the program")
}

/// cargo's own answer is right whatever its configuration says about the target directory.
pub fn executable(line: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    serde_json::from_str::<Message>(line).ok()?.executable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_in_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","executable":"/t/debug/portcullis","fresh":true}"#;
        assert_eq!(executable(line), Some("/t/debug/portcullis".into()));
        assert_eq!(
            executable(r#"{"reason":"compiler-artifact","executable":null}"#),
            None
        );
        assert_eq!(executable("warning: text"), None);
    }
}
