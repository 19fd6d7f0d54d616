//! Readiness of the service.

use super::StorageError;
use crate::db::Db;
use crate::db::health::{SchemaState, schema_state};
use std::time::Duration;

/// A database that does not answer within this time counts as unavailable.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the service can serve requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// The database is unavailable or overloaded.
    DatabaseUnavailable,
    /// The database schema is older than this version requires.
    SchemaBehind,
}

/// Checks the database. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    db: Db,
}

impl Health {
    /// Over the connections that serve requests.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Checks the database on every call.
    pub async fn readiness(&self) -> Readiness {
        let Ok(state) = tokio::time::timeout(CHECK_TIMEOUT, schema_state(&self.db)).await else {
            return Readiness::DatabaseUnavailable;
        };
        match state {
            Ok(SchemaState::Ready) => Readiness::Ready,
            Ok(SchemaState::Behind) => Readiness::SchemaBehind,
            Err(StorageError::Unavailable | StorageError::Exhausted | StorageError::Timeout) => {
                Readiness::DatabaseUnavailable
            }
            Err(StorageError::Constraint(_) | StorageError::Failed) => Readiness::SchemaBehind,
        }
    }
}
