//! The subcommands of `cargo xtask deploy`.

mod apply;
mod drift;
mod plan;
mod rollback;
mod smoke;
mod status;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::print;

use crate::config::Config;
use crate::invocation::Module;
use crate::journal::{Journal, Target};
use crate::machine::State;
use crate::plan_json;
use crate::runner::Runner;

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

/// Which environment.
#[derive(Debug, Args)]
pub struct Where {
    /// The name of an environment
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,
    /// The environments
    #[arg(long, value_name = "FILE", default_value = "deploy/rollout.toml")]
    config: PathBuf,
}

/// Files for Terraform.
#[derive(Debug, Args)]
pub struct Terraform {
    /// A file with variables; each command needs it again, since a saved plan does not carry ephemeral ones
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// A file with settings of the backend
    #[arg(long = "backend-config", value_name = "FILE")]
    backend_configs: Vec<PathBuf>,
}

/// Runs one subcommand.
///
/// # Errors
/// When it fails, and for `apply`, `rollback` and `drift` also when the result is not the one that was wanted.
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

impl Where {
    fn read(&self, context: &Context) -> Result<Config> {
        Config::read(&context.settings, &self.config, &self.environment)
    }
}

/// Absolute paths of the files, since Terraform runs in another folder.
struct Files {
    var_files: Vec<String>,
    backend_configs: Vec<String>,
}

impl Terraform {
    fn files(&self) -> Result<Files> {
        let absolute = |files: &[PathBuf]| {
            let absolute = files
                .iter()
                .map(|file| Ok(std::path::absolute(file)?.display().to_string()));
            absolute.collect::<Result<Vec<String>>>()
        };
        Ok(Files {
            var_files: absolute(&self.var_files)?,
            backend_configs: absolute(&self.backend_configs)?,
        })
    }
}

impl Files {
    fn module<'a>(&'a self, config: &'a Config) -> Module<'a> {
        Module {
            root: &config.root,
            var_files: &self.var_files,
            backend_configs: &self.backend_configs,
        }
    }
}

/// The outputs of the applied state.
fn outputs(runner: &impl Runner, module: &Module<'_>) -> Result<serde_json::Value> {
    runner.run(&module.init(), &[0])?;
    runner.json(&module.outputs())
}

fn target(outputs: &serde_json::Value) -> Result<Target> {
    Ok(Target {
        resource_group: plan_json::output(outputs, "resource_group_name")?,
        app: plan_json::output(outputs, "app_name")?,
        job: plan_json::output(outputs, "job_name")?,
    })
}

/// Prints the end of a deploy. Only the wanted one is a success.
fn conclude(journal: &Journal, is_wanted: bool) -> Result<()> {
    let new = journal.new_revision();
    let old = journal.deploy.old.as_deref().unwrap_or("none");
    print(&match &journal.deploy.state {
        State::Done => format!("done: {new} has all traffic; {old} stays active for a rollback"),
        State::RolledBack { reason } => format!("rolled back to {old}, which has all traffic: {reason}"),
        State::Failed { reason } => format!("failed: {reason}\nthe old revision has the traffic: {old}"),
        State::NothingToDo => "nothing to do: the plan has no changes".to_owned(),
        state => format!("state: {}", state.name()),
    });
    if is_wanted {
        return Ok(());
    }
    Err(Exit::AlreadyReported.into())
}
