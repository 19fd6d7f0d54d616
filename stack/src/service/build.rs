//! Builds the service's program.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use harness::cargo_messages;
use harness::context::Context;
use harness::process::command::Command;

use crate::service::prerequisites;

/// Builds the service and returns the program's path.
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
    let status = command.lines(|line| program = cargo_messages::executable(line).or(program.take()))?;
    ensure!(status.success(), "the service does not build");
    program.context("cargo did not report the path of the program")
}
