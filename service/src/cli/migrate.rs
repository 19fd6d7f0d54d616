//! `portcullis migrate`: prepares roles and database, and applies, reverts or lists migrations.

use super::exit::{check_credentials, fail, print};
use crate::config::Settings;
use crate::config::database::{DatabaseSettings, Login};
use crate::db::{migrations, prepare};
use clap::Subcommand;
use std::process::ExitCode;

/// The subcommands.
#[derive(Clone, Copy, Subcommand)]
pub enum Direction {
    /// Apply all pending migrations (default). One that waits for a lock for a second fails, and changes nothing: run it again
    Up {
        /// Apply at most so many
        #[arg(long, value_name = "NUMBER")]
        count: Option<usize>,
    },
    /// Revert the newest migration, including its data
    Down,
    /// List the migrations and whether they are applied
    Status,
    /// Create roles, logins with their passwords, and the database, as a database administrator
    Prepare {
        /// Also create the logins whose passwords Vault's static roles set
        #[arg(long)]
        static_logins: bool,
    },
}

impl Default for Direction {
    fn default() -> Self {
        Self::Up { count: None }
    }
}

impl Direction {
    /// The login that it uses.
    pub fn login(self, database: &mut DatabaseSettings) -> &mut Login {
        match self {
            Self::Prepare { .. } => &mut database.admin,
            Self::Up { .. } | Self::Down | Self::Status => &mut database.migrator,
        }
    }
}

/// Runs the subcommand.
pub fn run(settings: &Settings, direction: Direction) -> ExitCode {
    let database = &settings.database;
    let login = if matches!(direction, Direction::Prepare { .. }) {
        &database.admin
    } else {
        &database.migrator
    };
    if let Err(code) = check_credentials(login) {
        return code;
    }
    match direction {
        Direction::Prepare { static_logins } => match prepare::prepare(database, static_logins) {
            Ok(remaining) => {
                for gap in remaining {
                    eprintln!("portcullis: warning: {gap}");
                }
                print("roles, logins and database are ready\n")
            }
            Err(error) => fail(1, &error),
        },
        Direction::Up { count } => match migrations::up(database, count) {
            Ok(ran) if ran.is_empty() => print("nothing to migrate\n"),
            Ok(ran) => print(&format!("migrated: {}\n", ran.join(", "))),
            Err(error) => fail(1, &error),
        },
        Direction::Down => match migrations::down(database) {
            Ok(None) => print("nothing to revert\n"),
            Ok(Some(version)) => print(&format!("reverted: {version}\n")),
            Err(error) => fail(1, &error),
        },
        Direction::Status => match migrations::status(database) {
            Ok(states) => {
                let line = |state: &migrations::StepState| {
                    format!(
                        "{} {}\n",
                        if state.done { "done   " } else { "pending" },
                        state.name
                    )
                };
                print(&states.iter().map(line).collect::<String>())
            }
            Err(error) => fail(1, &error),
        },
    }
}
