//! Whether the service can do its work.
use super::StorageError;
use crate::db::Db;
use crate::db::health::{SchemaState, schema_state};
use std::time::Duration;

/// Whoever asks wants to know soon: an answer that takes longer than this is one.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the way of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing.
    Ready,
    /// The database is away or too overloaded.
    DatabaseAway,
    /// The database has not been migrated as far as this program needs.
    SchemaBehind,
}

/// Looks at what the service stands on. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    db: Db,
}

impl Health {
    /// Over the login that answers requests.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Asks the database, each time anew.
    pub async fn readiness(&self) -> Readiness {
        let Ok(state) = tokio::time::timeout(PATIENCE, schema_state(&self.db)).await else {
            return Readiness::DatabaseAway;
        };
        match state {
            Ok(SchemaState::Ready) => Readiness::Ready,
            Ok(SchemaState::Behind) => Readiness::SchemaBehind,
            Err(StorageError::Unavailable | StorageError::Exhausted | StorageError::Timeout) => {
                Readiness::DatabaseAway
            }
            Err(StorageError::Constraint(_) | StorageError::Failed) => Readiness::SchemaBehind,
        }
    }
}
