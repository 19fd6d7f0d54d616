//! Schema migrations, run by the migrator's login as the owner of the schema.

use super::conninfo::Purpose;
use super::pool::{ConnectError, Manager};
use super::refold::refold;
use crate::config::database::DatabaseSettings;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::sync::LazyLock;

/// The migrations, embedded in the binary.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/steps");

/// Why a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// No connection as the migrator.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The migration failed and was rolled back.
    #[error("{0}")]
    Step(String),
}

#[expect(clippy::needless_pass_by_value, reason = "required by map_err")]
fn step(error: Box<dyn std::error::Error + Send + Sync>) -> MigrationError {
    MigrationError::Step(error.to_string())
}

/// A migration and whether it has run.
pub struct StepState {
    /// Version and name.
    pub name: String,
    /// Whether it has run.
    pub done: bool,
}

/// Computed once: every readiness check needs it.
static NEWEST: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().unwrap_or_default();
    all.iter()
        .map(|step| step.name().version().to_string())
        .max()
        .unwrap_or_default()
});

/// The version of the newest known migration.
pub fn newest() -> &'static str {
    &NEWEST
}

/// Runs pending migrations, at most `count`, each in its own transaction, then computes missing search keys. Returns the
/// names of the migrations.
pub fn up(database: &DatabaseSettings, count: Option<usize>) -> Result<Vec<String>, MigrationError> {
    let mut conn = connect(database)?;
    let pending = conn.pending_migrations(MIGRATIONS).map_err(step)?;
    let mut ran = Vec::new();
    for migration in pending.iter().take(count.unwrap_or(usize::MAX)) {
        if !migration.metadata().run_in_transaction() {
            drop_invalid_indexes(&mut conn).map_err(|error| MigrationError::Step(error.to_string()))?;
        }
        conn.run_migration(migration).map_err(step)?;
        ran.push(migration.name().version().to_string());
    }
    let refolded = refold(&mut conn).map_err(|error| MigrationError::Step(error.to_string()))?;
    if refolded > 0 {
        tracing::info!(refolded, "search keys computed");
    }
    Ok(ran)
}

/// Reverts the newest migration. Returns its name, or `None` if none has run.
pub fn down(database: &DatabaseSettings) -> Result<Option<String>, MigrationError> {
    let mut conn = connect(database)?;
    if conn.applied_migrations().map_err(step)?.is_empty() {
        return Ok(None);
    }
    conn.revert_last_migration(MIGRATIONS)
        .map(|version| Some(version.to_string()))
        .map_err(step)
}

/// All known migrations, oldest first.
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

/// Name of an index, quoted.
#[derive(QueryableByName)]
struct IndexName {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Drops what `CREATE INDEX CONCURRENTLY` leaves behind when it fails, for example at the limit of a lock: otherwise the step
/// that creates the index could not be repeated.
fn drop_invalid_indexes(conn: &mut PgConnection) -> QueryResult<()> {
    let invalid = diesel::sql_query(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT i.indisvalid AND c.relkind = 'i' AND pg_catalog.pg_get_userbyid(c.relowner) = current_user",
    );
    for index in invalid.load::<IndexName>(conn)? {
        diesel::sql_query(format!("DROP INDEX {}", index.name)).execute(conn)?;
    }
    Ok(())
}

fn connect(database: &DatabaseSettings) -> Result<PgConnection, MigrationError> {
    Ok(Manager::open(
        database,
        &database.name,
        &database.migrator,
        Purpose::Migrate,
    )?)
}
