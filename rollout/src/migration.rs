//! The migration: lists the executions of its job, starts it once, and waits for its end.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::exit::Exit;

use crate::azure::{self, Execution};
use crate::driver::Driver;
use crate::journal::Journal;
use crate::machine::{Fact, State};
use crate::polling::poll;
use crate::runner::Runner;

/// How often a start of the job is tried whose answer was lost and that left no execution.
const MAX_STARTS: u32 = 3;

impl<R: Runner> Driver<'_, R> {
    /// This deploy has started none yet: one that runs is of another deploy, for example one whose time limit was exceeded.
    pub(crate) fn list_executions(&self, journal: &Journal) -> Result<Fact> {
        let json = self.runner.json(&journal.target.list_executions())?;
        let running = azure::running(&json)?;
        ensure!(
            running.is_empty(),
            "a migration of another deploy runs: {}; wait for its end, or stop it with `az containerapp job stop`",
            running.join(", ")
        );
        Ok(Fact::ExecutionsListed {
            known: azure::executions(&json)?,
        })
    }

    fn executions(&self, journal: &Journal) -> Result<Vec<String>> {
        azure::executions(&self.runner.json(&journal.target.list_executions())?)
    }

    /// Starts the migration once: an execution that is new since the list was made is ours, even if its start seemed to fail.
    pub(crate) fn start(&self, journal: &Journal) -> Result<String> {
        let State::Starting { known } = &journal.deploy.state else {
            bail!("no list of executions");
        };
        let mut failure = None;
        for starts in 0..=MAX_STARTS {
            let executions = self.executions(journal)?;
            if let Some(ours) = executions
                .into_iter()
                .find(|execution| !known.contains(execution))
            {
                return Ok(ours);
            }
            if starts == MAX_STARTS {
                break;
            }
            match self.runner.json(&journal.target.start_job()) {
                Ok(started) => return azure::started(&started),
                Err(error) if error.is::<Exit>() => return Err(error),
                Err(error) => failure = Some(error),
            }
            self.runner.pause(self.config.environment.poll())?;
        }
        Err(failure.context("not started")?)
    }

    pub(crate) fn await_migration(&self, journal: &Journal) -> Result<Fact> {
        let State::Migrating { execution } = &journal.deploy.state else {
            bail!("no execution");
        };
        let limit = Duration::from_secs(self.config.environment.migration_seconds);
        poll(
            self.runner,
            &journal.target.show_execution(execution),
            limit,
            self.config.environment.poll(),
            |json| {
                Ok(match azure::execution(json)? {
                    Execution::Running => Err("it is running".to_owned()),
                    Execution::Succeeded => Ok(Fact::MigrationSucceeded),
                    Execution::Ended(status) => bail!("the execution {execution} ended as {status}"),
                })
            },
        )
    }
}
