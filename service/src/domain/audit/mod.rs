//! The audit log: listing for administrators, and verification of its hash chain.

/// Verification of one event after another.
pub mod chain;

/// Verification of the whole log.
pub mod verify;

use super::StorageError;
use super::page::Page;
use super::sessions::caller::Admin;
use crate::db::Db;
use crate::db::audit;
pub use crate::db::audit::{EventRow, Filter};

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    db: Db,
}

impl Audit {
    /// Over the accounts login's connections.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Events before an id, newest first.
    pub async fn list(
        &self,
        _admin: &Admin,
        filter: Filter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<EventRow>, StorageError> {
        let rows = audit::list(&self.db, filter, before, i64::from(limit) + 1).await?;
        Ok(Page::from_rows(rows, limit, |event| event.id.to_string()))
    }
}
