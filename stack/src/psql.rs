//! psql, connected to a stack's database as the administrator.

use std::path::PathBuf;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::process::command::{Command, EnvVars};

use crate::local_stack::LocalStack;
use crate::service::DATABASE;

/// Unaligned, comma-separated, without headers; an error ends it.
const QUIET: [&str; 8] = ["-X", "-q", "-A", "-t", "-F", ",", "-v", "ON_ERROR_STOP=1"];

/// What PostgreSQL answers to a wrong or expired password.
const REFUSED: &str = "password authentication failed";

/// The client and its login.
#[derive(Debug, Clone)]
pub struct Psql {
    /// For its processes.
    pub context: Context,
    program: PathBuf,
    /// libpq's variables; they hold the password.
    pub variables: EnvVars,
}

impl Psql {
    /// Beside the server's programs or on `PATH`.
    pub fn find(context: &Context, stack: &LocalStack) -> Result<Self> {
        let server = stack.server.pg_variables();
        let mut variables: EnvVars = server
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        variables.push(("PGDATABASE".into(), DATABASE.into()));
        Ok(Self {
            context: context.clone(),
            program: stack.tool("psql")?,
            variables,
        })
    }

    /// Runs commands and returns their output.
    pub fn run(&self, commands: &[&str]) -> Result<String> {
        self.command(commands).output()
    }

    /// Whether the server accepts this password of another user.
    ///
    /// # Errors
    /// Also when the server refuses the connection for another reason.
    pub fn accepts(&self, user: &str, password: &str) -> Result<bool> {
        let finished = self
            .command(&["SELECT 1"])
            .envs([("PGUSER", user), ("PGPASSWORD", password)])
            .capture()?;
        if !finished.status.success() && !finished.stderr.contains(REFUSED) {
            bail!("cannot connect as {user}: {}", finished.stderr.trim());
        }
        Ok(finished.status.success())
    }

    fn command(&self, commands: &[&str]) -> Command<'_> {
        let commands = commands.iter().flat_map(|command| ["-c", command]);
        Command::new(&self.context, &self.program)
            .envs(self.variables.clone())
            .args(QUIET)
            .args(commands)
    }
}
