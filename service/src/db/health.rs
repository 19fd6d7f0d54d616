//! Whether the database answers and its schema is the one this program was built for, or a later one.
use super::error::DbError;
use super::schema::portcullis::__diesel_schema_migrations as done;
use super::{Db, migrations};
use diesel::prelude::*;

/// What the database says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Every migration that this program knows has run. There may be later ones: they only add.
    Ready,
    /// At least one migration that this program knows has not run.
    Behind,
}

/// Asks the table itself: the migration harness would first try to create it, which a runtime login may not.
pub async fn schema_state(db: &Db) -> Result<SchemaState, DbError> {
    let newest = migrations::newest();
    let found = db.run("schema_state", move |conn| {
        diesel::select(diesel::dsl::exists(done::table.filter(done::version.eq(newest))))
            .get_result::<bool>(conn)
    });
    match found.await {
        Ok(true) => Ok(SchemaState::Ready),
        // A database without the table has not been migrated at all.
        Ok(false) | Err(DbError::Failed) => Ok(SchemaState::Behind),
        Err(error) => Err(error),
    }
}
