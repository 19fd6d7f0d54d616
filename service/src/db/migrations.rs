//! The schema's steps, forward and back, run by the migrator's login as the owner.
use super::conninfo::Purpose;
use super::pool::{ConnectError, Manager};
use crate::config::database::DatabaseSettings;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::{Pg, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::sync::LazyLock;

/// The migrations, in the binary.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/steps");

/// A migration that did not run, or no connection.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// No connection as the migrator.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The step failed; nothing of it is left behind.
    #[error("{0}")]
    Step(String),
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn step(error: Box<dyn std::error::Error + Send + Sync>) -> MigrationError {
    MigrationError::Step(error.to_string())
}

/// One step and whether it has run.
pub struct StepState {
    /// Version and name.
    pub name: String,
    /// Whether the database has it.
    pub done: bool,
}

/// Found once: readiness asks for it each time.
static NEWEST: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().unwrap_or_default();
    all.iter()
        .map(|step| step.name().version().to_string())
        .max()
        .unwrap_or_default()
});

/// The version of the newest migration that this program knows.
pub fn newest() -> &'static str {
    &NEWEST
}

/// Runs what has not run; the names of the steps.
pub fn up(database: &DatabaseSettings) -> Result<Vec<String>, MigrationError> {
    let mut conn = connect(database)?;
    let ran: Vec<MigrationVersion<'_>> = conn.run_pending_migrations(MIGRATIONS).map_err(step)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

/// Takes the newest step back; its name, or `None` where there is none.
pub fn down(database: &DatabaseSettings) -> Result<Option<String>, MigrationError> {
    let mut conn = connect(database)?;
    if conn.applied_migrations().map_err(step)?.is_empty() {
        return Ok(None);
    }
    conn.revert_last_migration(MIGRATIONS)
        .map(|version| Some(version.to_string()))
        .map_err(step)
}

/// Every step that this program knows, oldest first.
pub fn status(database: &DatabaseSettings) -> Result<Vec<StepState>, MigrationError> {
    let mut conn = connect(database)?;
    let applied = conn.applied_migrations().map_err(step)?;
    let all: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().map_err(step)?;
    let mut states: Vec<StepState> = all
        .iter()
        .map(|step| StepState {
            name: step.name().to_string(),
            done: applied.contains(&step.name().version().as_owned()),
        })
        .collect();
    states.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(states)
}

fn connect(database: &DatabaseSettings) -> Result<PgConnection, MigrationError> {
    Ok(Manager::open(
        database,
        &database.name,
        &database.migrator,
        Purpose::Migrate,
    )?)
}
