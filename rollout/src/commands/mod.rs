//! The subcommands of `cargo xtask deploy`.

mod apply;
mod conclusion;
mod drift;
mod options;
mod outputs;
mod plan;
mod rollback;
mod smoke;
mod status;

use anyhow::Result;
use clap::Subcommand;
use harness::context::Context;

/// Subcommands of `cargo xtask deploy`.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Verify the image, plan its deploy, and print the plan's SHA-256 for the approval
    Plan(plan::Options),
    /// Carry out the plan with this SHA-256; again, to resume
    Apply(apply::Options),
    /// Print the state of the last deploy
    Status(status::Options),
    /// Give all traffic to the old revision
    Rollback(rollback::Options),
    /// Write what differs from Terraform's state and configuration as SARIF; changes nothing
    Drift(drift::Options),
    /// Run the smoke test against the environment
    Smoke(smoke::Options),
}

/// Runs one subcommand.
///
/// # Errors
/// When it fails, and for `apply`, `rollback` and `drift` also when the deploy ended in another way or drift was found.
pub fn run(context: &Context, task: &Task) -> Result<()> {
    match task {
        Task::Plan(options) => plan::run(context, options),
        Task::Apply(options) => apply::run(context, options),
        Task::Status(options) => status::run(context, options),
        Task::Rollback(options) => rollback::run(context, options),
        Task::Drift(options) => drift::run(context, options),
        Task::Smoke(options) => smoke::run(context, options),
    }
}
