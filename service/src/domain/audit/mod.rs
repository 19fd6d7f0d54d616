//! What happened: pages of events for administrators, and whether the chain of events is whole.

/// Whether each event follows from the one before.
pub mod chain;

/// Reads the whole chain.
pub mod verify;

use super::StorageError;
use super::page::Page;
use super::sessions::caller::Admin;
use crate::db::Db;
use crate::db::audit;
pub use crate::db::audit::{EventRow, Filter};

/// The events. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    db: Db,
}

impl Audit {
    /// Over the login for accounts.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Events before a number, newest first.
    pub async fn list(
        &self,
        _admin: &Admin,
        filter: Filter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<EventRow>, StorageError> {
        let rows = audit::list(&self.db, filter, before, i64::from(limit) + 1).await?;
        Ok(Page::of(rows, limit, |event| event.id.to_string()))
    }
}
