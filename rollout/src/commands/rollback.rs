//! `deploy rollback`: all traffic to the old revision of the last deploy, or to a named one without its journal.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use harness::context::Context;
use harness::output::print;

use crate::azure;
use crate::commands::conclusion::conclude;
use crate::commands::options::{Terraform, Where};
use crate::commands::outputs::{outputs, target};
use crate::config::Config;
use crate::driver::Driver;
use crate::invocation::Program;
use crate::journal::{Folder, Journal};
use crate::machine::State;
use crate::runner::{Processes, Runner as _};
use crate::traffic::{await_healthy, set_traffic};

/// Options of `deploy rollback`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    wanted: Where,
    /// To this revision, without the journal of a deploy
    #[arg(long, value_name = "REVISION")]
    to: Option<String>,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.wanted.read(context)?;
    let folder = Folder::locked(&context.settings.target, &config.name)?;
    if let Some(revision) = &options.to {
        return to(context, options, &config, &folder, revision);
    }
    let mut journal = Journal::find(&folder)?.with_context(|| {
        format!(
            "no deploy in {}: name the revision with --to REVISION, or use the artifact of the pipeline that deployed",
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

/// Activates the revision if necessary, and deactivates those that had the traffic. The journal stays as it is.
fn to(context: &Context, options: &Options, config: &Config, folder: &Folder, revision: &str) -> Result<()> {
    if let Some(journal) = Journal::find(folder)? {
        let state = &journal.deploy.state;
        ensure!(
            state.is_final() || *state == State::Planned,
            "a deploy is in state {}: `rollback` without --to ends it",
            state.name()
        );
    }
    let runner = Processes::find(context, &[Program::Terraform, Program::Az], Some(folder))?;
    let files = options.terraform.files()?;
    let target = target(&outputs(&runner, &files.module(config))?)?;
    let revisions = azure::revisions(&runner.json(&target.list_revisions())?)?;
    let names = revisions
        .iter()
        .map(|revision| revision.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let found = revisions.iter().find(|found| found.name == revision);
    let found = found.with_context(|| format!("no revision {revision}; there are {names}"))?;
    if !found.is_active {
        runner.run(&target.activate(revision), &[0])?;
    }
    await_healthy(&runner, &target, revision, &config.environment).context("the traffic was not changed")?;
    set_traffic(&runner, &target, &[(revision, 100)])?;
    // They would go on to work on mails and connections.
    let served = |other: &&azure::Revision| other.name != revision && other.is_active && other.weight > 0;
    for other in revisions.iter().filter(served) {
        runner.run(&target.deactivate(&other.name), &[0])?;
    }
    print(&format!("{revision} has all traffic"));
    Ok(())
}
