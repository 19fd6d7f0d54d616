//! `portcullis migrate`: roles and database, schema forward, back, or how far it is.
use super::exit::{check_password, fail, print};
use crate::config::Settings;
use crate::db::{migrations, prepare};
use clap::Subcommand;
use std::process::ExitCode;

/// What to do with the schema.
#[derive(Clone, Copy, Default, Subcommand)]
pub enum Direction {
    /// Run every step that has not run (the default)
    #[default]
    Up,
    /// Take the newest step back; data that only it knows is lost
    Down,
    /// List the steps and whether they have run
    Status,
    /// As an administrator: make roles, logins with their passwords, and the database
    Prepare,
}

/// Does it.
pub fn run(settings: &Settings, direction: Direction) -> ExitCode {
    let database = &settings.database;
    let login = if matches!(direction, Direction::Prepare) {
        &database.admin
    } else {
        &database.migrator
    };
    if let Err(code) = check_password(login) {
        return code;
    }
    match direction {
        Direction::Prepare => match prepare::prepare(database) {
            Ok(()) => print("roles, logins and database are ready\n"),
            Err(error) => fail(1, &error),
        },
        Direction::Up => match migrations::up(database) {
            Ok(ran) if ran.is_empty() => print("nothing to migrate\n"),
            Ok(ran) => print(&format!("migrated: {}\n", ran.join(", "))),
            Err(error) => fail(1, &error),
        },
        Direction::Down => match migrations::down(database) {
            Ok(None) => print("nothing to take back\n"),
            Ok(Some(version)) => print(&format!("taken back: {version}\n")),
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
