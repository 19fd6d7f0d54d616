//! `deploy rollback`: all traffic to the old revision of the last deploy, or to a named one.

use anyhow::{Context as _, Result};
use clap::Args;
use harness::context::Context;
use harness::output::print;

use crate::commands::conclusion::conclude;
use crate::commands::options::{EnvironmentArgs, Terraform};
use crate::commands::outputs::{outputs, target};
use crate::config::Config;
use crate::driver::Driver;
use crate::invocation::Program;
use crate::journal::{Folder, Journal};
use crate::machine::{Fact, State};
use crate::rollback;
use crate::runner::Processes;

/// Options of `deploy rollback`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// To this revision, which may also be of another deploy than the journal
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let folder = Folder::locked(&context.settings.target, &config.name)?;
    if let Some(revision) = &options.to {
        return to(context, options, &config, &folder, revision);
    }
    let mut journal = Journal::find_deployed(&folder)?.with_context(|| {
        format!(
            "no deploy that was approved in {}: name the revision with --to REVISION, or use the artifact of the pipeline that deployed",
            folder.journal().display()
        )
    })?;
    let runner = Processes::find(context, &[Program::Az], Some(&folder))?;
    let files = options.terraform.files()?;
    let driver = Driver {
        runner: &runner,
        config: &config,
        folder: &folder,
        module: files.module(&config),
        print: &print,
    };
    driver.request_rollback(&mut journal, "requested by an operator")?;
    conclude(
        &journal,
        matches!(
            journal.deploy.state,
            State::RolledBack { .. } | State::Failed { .. }
        ),
    )
}

/// All traffic to a revision that is named: it does not depend on the journal, but ends the deploy of one that is in progress.
fn to(context: &Context, options: &Options, config: &Config, folder: &Folder, revision: &str) -> Result<()> {
    let runner = Processes::find(context, &[Program::Terraform, Program::Az], Some(folder))?;
    let files = options.terraform.files()?;
    let target = target(&outputs(&runner, &files.module(config))?)?;
    rollback::to_named(&runner, &target, &config.environment, revision)?;
    if let Some(mut journal) = Journal::find_deployed(folder)?
        && journal.deploy.is_in_progress()
    {
        let reason = format!("requested by an operator: to {revision}");
        let revision = revision.to_owned();
        journal.record(Fact::TrafficReturned { revision, reason }, folder)?;
    }
    print(&format!("{revision} has all traffic"));
    Ok(())
}
