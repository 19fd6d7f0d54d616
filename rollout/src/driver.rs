//! Carries out what the state machine calls for, one action at a time; each fact is in the journal before the next action begins.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use harness::exit::Exit;
use harness::output::seconds;
use tempfile::TempPath;

use crate::azure::{self, Health, Revision};
use crate::config::Config;
use crate::invocation::{self, Module, Variables};
use crate::journal::{Folder, Journal};
use crate::machine::{Action, Fact};
use crate::plan_json;
use crate::rollback;
use crate::runner::Runner;
use crate::traffic::{await_healthy, no_other_serves, pin, set_traffic};

/// A revision that is not healthy this often in a row is rolled back; once may be a replica that is replaced.
const MAX_UNHEALTHY: u32 = 2;

/// Works on the deploy of one environment.
pub struct Driver<'a, R> {
    /// Runs the commands.
    pub runner: &'a R,
    /// The environment.
    pub config: &'a Config,
    /// Its locked folder.
    pub folder: &'a Folder,
    /// Terraform's root module.
    pub module: Module<'a>,
    /// Prints a line about its progress.
    pub print: &'a dyn Fn(&str),
}

impl<R: Runner> Driver<'_, R> {
    /// Carries a deploy on until a person must decide or it is over.
    ///
    /// # Errors
    /// When it is interrupted, an action failed that has to be repeated by running the command again, or the journal is not of the
    /// last deploy.
    pub fn advance(&self, journal: &mut Journal) -> Result<()> {
        if journal.deploy.state.has_traffic() && journal.deploy.action().is_some() {
            no_other_serves(self.runner, journal)?;
        }
        self.execute_all(journal)
    }

    /// Ends a deploy, also a finished one, with all traffic on the old revision.
    ///
    /// # Errors
    /// As [`Driver::advance`], and when there is nothing to roll back.
    pub fn request_rollback(&self, journal: &mut Journal, reason: &str) -> Result<()> {
        if journal.deploy.state.has_traffic() {
            no_other_serves(self.runner, journal)?;
        }
        let reason = reason.to_owned();
        journal.record(Fact::RollbackRequested { reason }, self.folder)?;
        self.execute_all(journal)
    }

    fn execute_all(&self, journal: &mut Journal) -> Result<()> {
        while let Some(action) = journal.deploy.action() {
            let (label, since) = (label(action, journal), Instant::now());
            (self.print)(&format!("{}: {label}", journal.deploy.state.name()));
            let fact = match self.execute(action, journal) {
                Ok(fact) => fact,
                Err(error) if error.is::<Exit>() => return Err(error),
                Err(error) => {
                    let reason = format!("{label}: {error:#}");
                    (self.print)(&format!("  failed after {}: {reason}", seconds(since.elapsed())));
                    Fact::ActionFailed { reason }
                }
            };
            let before = journal.deploy.state.clone();
            journal.record(fact, self.folder)?;
            if journal.deploy.state == before {
                bail!("{label} failed: run the command again");
            }
            (self.print)(&format!(
                "  {}, {}",
                journal.deploy.state.name(),
                seconds(since.elapsed())
            ));
        }
        Ok(())
    }

    fn execute(&self, action: Action, journal: &Journal) -> Result<Fact> {
        Ok(match action {
            Action::Pin => Fact::Pinned {
                old: pin(self.runner, &journal.target, &journal.new_revision())?,
            },
            Action::UpdateJob => {
                self.apply_part(journal, Some(&self.config.environment.job))?;
                let job = self.runner.json(&journal.target.show_job())?;
                let images = azure::job_images(&job);
                ensure!(
                    images.contains(&journal.image),
                    "the job has {} after the apply of {}",
                    images.join(", "),
                    self.config.environment.job
                );
                Fact::JobUpdated
            }
            Action::ListExecutions => self.list_executions(journal)?,
            Action::StartMigration => Fact::MigrationStarted {
                execution: self.start(journal)?,
            },
            Action::AwaitMigration => self.await_migration(journal)?,
            Action::Release => {
                self.apply_part(journal, None)?;
                Fact::Released
            }
            Action::AwaitRevision => self.await_revision(journal)?,
            Action::Smoke => {
                let revision = self.new_revision(journal)?;
                let fqdn = revision.fqdn.context("the revision has no address")?;
                let smoke = invocation::smoke(&self.config.smoke, &format!("https://{fqdn}"));
                self.runner.run(&smoke, &[0])?;
                Fact::SmokePassed
            }
            Action::Shift { step } => {
                let share = journal.deploy.steps.get(step).context("no such step")?;
                let new = journal.new_revision();
                let old = journal.deploy.old.as_deref().map(|old| (old, 100 - share));
                let shares: Vec<(&str, u8)> = old.into_iter().chain([(new.as_str(), *share)]).collect();
                set_traffic(self.runner, &journal.target, &shares)?;
                Fact::TrafficShifted
            }
            Action::Watch => self.watch(journal)?,
            Action::Retire => {
                let others = self.revisions(journal)?.into_iter().filter(|revision| {
                    let is_ours = revision.name == journal.new_revision()
                        || Some(&revision.name) == journal.deploy.old.as_ref();
                    revision.is_active && revision.weight == 0 && !is_ours
                });
                for other in others {
                    self.runner.run(&journal.target.deactivate(&other.name), &[0])?;
                }
                Fact::Retired
            }
            Action::RollBack => self.roll_back(journal)?,
        })
    }

    /// Applies what is left of the approved plan, or the part below an address, and nothing else.
    fn apply_part(&self, journal: &Journal, target: Option<&str>) -> Result<()> {
        let approved = self.folder.plan();
        journal.ensure_plan(self.folder)?;
        self.runner.run(&self.module.init(), &[0])?;
        let approved = plan_json::changes(&self.runner.json(&self.module.show(&approved))?)?;
        // It holds the environment's configuration.
        let part = TempPath::try_from_path(self.folder.path.join("part"))?;
        let planned = self.module.plan(&journal.variables(), &part, target);
        let planned = self.runner.run(&planned, &[0, 2])?;
        if planned.code == Some(0) {
            return Ok(());
        }
        let changes = plan_json::changes(&self.runner.json(&self.module.show(&part))?)?;
        let excess = plan_json::not_approved(&changes, &approved);
        ensure!(
            excess.is_empty(),
            "the plan has changed since its approval: {}",
            excess.join("; ")
        );
        self.runner
            .run(&self.module.apply(&part, &journal.variables()), &[0])?;
        Ok(())
    }

    fn await_revision(&self, journal: &Journal) -> Result<Fact> {
        let new = journal.new_revision();
        await_healthy(
            self.runner,
            &journal.target,
            &new,
            &self.config.environment,
            |revision| {
                ensure!(
                    revision.images.contains(&journal.image),
                    "{new} runs {}",
                    revision.images.join(", ")
                );
                ensure!(
                    revision.weight == 0 || journal.deploy.old.is_none(),
                    "{new} has {} % of the traffic before its smoke test",
                    revision.weight
                );
                Ok(())
            },
        )?;
        Ok(Fact::RevisionHealthy)
    }

    fn watch(&self, journal: &Journal) -> Result<Fact> {
        let until = Instant::now() + Duration::from_secs(self.config.environment.watch_seconds);
        let mut unhealthy = 0;
        loop {
            let (health, states) = match self.new_revision(journal) {
                Ok(revision) => (revision.health, revision.states),
                Err(error) if error.is::<Exit>() => return Err(error),
                Err(error) => (Health::NotYet, format!("{error:#}")),
            };
            unhealthy = match health {
                Health::Healthy => 0,
                Health::NotYet => unhealthy + 1,
                Health::Failed => MAX_UNHEALTHY,
            };
            ensure!(
                unhealthy < MAX_UNHEALTHY,
                "{} is not healthy any more: {states}",
                journal.new_revision()
            );
            if unhealthy == 0 && Instant::now() >= until {
                return Ok(Fact::Watched);
            }
            self.runner.pause(self.config.environment.poll())?;
        }
    }

    fn roll_back(&self, journal: &Journal) -> Result<Fact> {
        let old = journal.deploy.old.as_deref().context("no old revision")?;
        let environment = &self.config.environment;
        rollback::to_old(
            self.runner,
            &journal.target,
            environment,
            old,
            &journal.new_revision(),
        )?;
        Ok(Fact::RolledBack)
    }

    fn new_revision(&self, journal: &Journal) -> Result<Revision> {
        let show = journal.target.show_revision(&journal.new_revision());
        azure::revision(&self.runner.json(&show)?)
    }

    fn revisions(&self, journal: &Journal) -> Result<Vec<Revision>> {
        azure::revisions(&self.runner.json(&journal.target.list_revisions())?)
    }
}

impl Journal {
    /// Terraform's variables of this deploy.
    pub fn variables(&self) -> Variables {
        Variables {
            app_image: self.image.clone(),
            job_image: self.image.clone(),
            suffix: self.suffix.clone(),
        }
    }
}

fn label(action: Action, journal: &Journal) -> String {
    match action {
        Action::Pin => "naming the revision that has the traffic".to_owned(),
        Action::UpdateJob => "giving the migration job its new image".to_owned(),
        Action::ListExecutions => "listing the job's executions".to_owned(),
        Action::StartMigration => "starting the migration".to_owned(),
        Action::AwaitMigration => "waiting for the migration".to_owned(),
        Action::Release => "creating the new revision".to_owned(),
        Action::AwaitRevision => "waiting for the new revision".to_owned(),
        Action::Smoke => "running the smoke test".to_owned(),
        Action::Shift { step } => {
            let share = journal.deploy.steps.get(step).copied().unwrap_or(0);
            format!("giving the new revision {share} % of the traffic")
        }
        Action::Watch => "watching the new revision".to_owned(),
        Action::Retire => "deactivating older revisions".to_owned(),
        Action::RollBack => "giving all traffic to the old revision".to_owned(),
    }
}
