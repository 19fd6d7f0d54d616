//! Whether the database is available and has the schema of this version of the program, or a later one.

use super::error::DbError;
use super::schema::portcullis::__diesel_schema_migrations as done;
use super::{Db, migrations};
use diesel::prelude::*;

/// State of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All known migrations have run. Later ones may have, too: they are backward compatible.
    Ready,
    /// At least one known migration has not run.
    Behind,
}

/// Reads the migrations table directly: the migration harness would first try to create it, which a runtime role may
/// not do.
pub async fn schema_state(db: &Db) -> Result<SchemaState, DbError> {
    let newest = migrations::newest();
    let found = db.run("schema_state", move |conn| {
        diesel::select(diesel::dsl::exists(done::table.filter(done::version.eq(newest))))
            .get_result::<bool>(conn)
    });
    match found.await {
        Ok(true) => Ok(SchemaState::Ready),
        // Without the table, no migration has run.
        Ok(false) | Err(DbError::Failed) => Ok(SchemaState::Behind),
        Err(error) => Err(error),
    }
}
