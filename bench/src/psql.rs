//! psql, connected to a stack's database as the administrator.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use harness::context::Context;
use harness::process::command::{Command, EnvVars};
use stack::local_stack::LocalStack;
use stack::service::DATABASE;

/// The client and its login.
#[derive(Debug, Clone)]
pub struct Psql<'a> {
    pub context: &'a Context,
    program: PathBuf,
    /// libpq's variables; they hold the password.
    pub variables: EnvVars,
}

/// Longest wait for autovacuum after an import.
const AUTOVACUUM_TIMEOUT: Duration = Duration::from_secs(120);

impl<'a> Psql<'a> {
    /// Beside the server's programs or on `PATH`.
    pub fn find(context: &'a Context, stack: &LocalStack) -> Result<Self> {
        let server = stack.server.pg_variables();
        let mut variables: EnvVars = server
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        variables.push(("PGDATABASE".into(), DATABASE.into()));
        Ok(Self {
            context,
            program: stack.tool("psql")?,
            variables,
        })
    }

    /// Runs commands and returns their output: unaligned, comma-separated, without headers.
    pub fn run(&self, commands: &[&str]) -> Result<String> {
        let quiet = ["-X", "-q", "-A", "-t", "-F", ",", "-v", "ON_ERROR_STOP=1"];
        let commands = commands.iter().flat_map(|command| ["-c", command]);
        Command::new(self.context, &self.program)
            .envs(self.variables.clone())
            .args(quiet)
            .args(commands)
            .output()
    }

    /// Waits until autovacuum has finished and forces a checkpoint: both would compete with the first rounds.
    pub fn settle(&self) -> Result<()> {
        let mut quiet_seconds = 0;
        self.context.stop.wait_until(AUTOVACUUM_TIMEOUT, || {
            let workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'";
            let is_quiet = self.run(&[workers])?.trim() == "0";
            quiet_seconds = if is_quiet { quiet_seconds + 1 } else { 0 };
            self.context
                .stop
                .wait_until(Duration::from_secs(1), || Ok(false))?;
            // A little more than the stack's autovacuum_naptime.
            Ok(quiet_seconds > 7)
        })?;
        self.run(&["CHECKPOINT"])?;
        Ok(())
    }
}
