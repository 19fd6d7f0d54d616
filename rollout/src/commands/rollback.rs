//! `deploy rollback`: all traffic to the old revision of the last deploy, or to a named one without its journal.

use std::time::Duration;

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
use crate::machine::{Fact, State};
use crate::runner::{Processes, Runner as _};
use crate::traffic::set_traffic;

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
    let mut journal = Journal::read(&folder)?;
    let reason = "requested by an operator".to_owned();
    journal.record(Fact::RollbackRequested { reason }, &folder)?;
    let runner = Processes::find(context, &[Program::Az], Some(folder.commands()))?;
    let files = options.terraform.files()?;
    let driver = Driver {
        runner: &runner,
        config: &config,
        folder: &folder,
        module: files.module(&config),
        print: &print,
    };
    driver.advance(&mut journal)?;
    conclude(
        &journal,
        matches!(
            journal.deploy.state,
            State::RolledBack { .. } | State::Failed { .. }
        ),
    )
}

/// Activates the revision if necessary. The journal stays as it is.
fn to(context: &Context, options: &Options, config: &Config, folder: &Folder, revision: &str) -> Result<()> {
    let runner = Processes::find(
        context,
        &[Program::Terraform, Program::Az],
        Some(folder.commands()),
    )?;
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
    let limit = config.environment.healthy_seconds / config.environment.poll_seconds.max(1);
    let mut health = azure::Health::NotYet;
    for _ in 0..limit.max(1) {
        health = azure::revision(&runner.json(&target.show_revision(revision))?)?.health;
        if health != azure::Health::NotYet {
            break;
        }
        runner.pause(Duration::from_secs(config.environment.poll_seconds))?;
    }
    ensure!(
        health == azure::Health::Healthy,
        "{revision} is not healthy: the traffic was not changed"
    );
    set_traffic(&runner, &target, &[(revision, 100)])?;
    print(&format!("{revision} has all traffic"));
    Ok(())
}
