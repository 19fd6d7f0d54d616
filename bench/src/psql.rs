//! psql, connected to one stage's database as its admin; knows no statement of its own but the one that waits.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use harness::context::Context;
use harness::process::command::{Command, Finished};
use stack::local_stack::LocalStack;
use stack::service::{DATABASE, Variables};

/// The client with its login.
#[derive(Debug, Clone)]
pub struct Psql {
    program: PathBuf,
    /// libpq's variables; they hold the password.
    pub variables: Variables,
}

/// How long PostgreSQL may take to tidy up after an import.
const PATIENCE: Duration = Duration::from_secs(120);

impl Psql {
    /// Beside the server's programs or on `PATH`.
    pub fn find(stage: &LocalStack) -> Result<Self> {
        let server = stage.server.pg_variables();
        let mut variables: Variables = server
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        variables.push(("PGDATABASE".into(), DATABASE.into()));
        Ok(Self {
            program: stage.tool("psql")?,
            variables,
        })
    }

    /// Runs commands and answers what they print: unaligned, fields with commas between, no headers.
    pub fn run(&self, context: &Context, commands: &[&str]) -> Result<String> {
        let quiet = ["-X", "-q", "-A", "-t", "-F", ",", "-v", "ON_ERROR_STOP=1"];
        let mut command = Command::new(context, &self.program)
            .envs(self.variables.clone())
            .args(quiet);
        for statement in commands {
            command = command.args(["-c", *statement]);
        }
        let Finished {
            status,
            stdout,
            stderr,
        } = command.capture()?;
        ensure!(status.success(), "psql failed: {}", stderr.trim());
        Ok(stdout)
    }

    /// Waits until autovacuum has caught up with what was loaded and the pages are on disk: otherwise the first rounds
    /// would compete with it.
    pub fn settle(&self, context: &Context) -> Result<()> {
        let mut quiet_seconds = 0;
        context.stop.wait_until(PATIENCE, || {
            let workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'";
            quiet_seconds = if self.run(context, &[workers])?.trim() == "0" {
                quiet_seconds + 1
            } else {
                0
            };
            context.stop.wait_until(Duration::from_secs(1), || Ok(false))?;
            // A little more than the stage's autovacuum_naptime.
            Ok(quiet_seconds > 7)
        })?;
        self.run(context, &["CHECKPOINT"])?;
        Ok(())
    }
}
