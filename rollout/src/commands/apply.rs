//! `deploy apply`: carries out an approved plan, or resumes it.

use anyhow::{Result, ensure};
use clap::Args;
use harness::context::Context;
use harness::output::print;

use crate::commands::conclusion::conclude;
use crate::commands::options::{EnvironmentArgs, Terraform};
use crate::driver::Driver;
use crate::evidence;
use crate::invocation::Program;
use crate::journal::{Folder, Journal};
use crate::machine::{Fact, State, TransitionError};
use crate::runner::Processes;

/// Options of `deploy apply`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// The SHA-256 that `plan` printed
    #[arg(long, value_name = "SHA256")]
    approve: String,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let folder = Folder::locked(&context.settings.target, &config.name)?;
    let mut journal = Journal::read(&folder)?;
    ensure!(
        journal.environment == config.name,
        "the plan is of {}, not of {}",
        journal.environment,
        config.name
    );
    ensure!(
        options.approve == journal.deploy.plan_sha256,
        TransitionError::OtherPlan
    );
    if journal.deploy.state == State::NothingToDo {
        return conclude(&journal, true);
    }
    if journal.deploy.state == State::Planned {
        let commit = evidence::verify(&journal.image, &folder.evidence())?;
        ensure!(
            commit == journal.commit,
            "the report is of commit {commit}, the plan of {}",
            journal.commit
        );
        journal.ensure_plan(&folder)?;
    }
    let runner = Processes::find(context, &[Program::Terraform, Program::Az], Some(&folder))?;
    if let Some(line) = journal.app_changes_line() {
        print(&line);
    }
    if journal.deploy.state != State::Done {
        let sha256 = options.approve.clone();
        journal.record(Fact::Approved { sha256 }, &folder)?;
    }
    let files = options.terraform.files()?;
    let driver = Driver {
        runner: &runner,
        config: &config,
        folder: &folder,
        module: files.module(&config),
        print: &print,
    };
    driver.advance(&mut journal)?;
    conclude(&journal, journal.deploy.state == State::Done)
}
