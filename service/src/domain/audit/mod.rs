//! The audit log: listing for administrators, and verification of its hash chain.

/// Signed records of the end of the chain.
pub mod anchor;

/// Verification of one event after another.
pub mod chain;

/// Comparison with what was recorded outside of the database.
pub mod completeness;

/// Restoring a backup.
pub mod restoration;

/// Verification of the whole log.
pub mod verify;

use super::StorageError;
use super::page::Page;
use super::sessions::caller::Admin;
use crate::db::Db;
use crate::db::audit;
pub use crate::db::audit::{EventRow, Filter};
use crate::types::clock;
use anchor::Anchor;

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

    /// The end of the chain, to be recorded outside of the database.
    pub async fn anchor(&self) -> Result<Anchor, StorageError> {
        let (id, hash) = audit::find_head(&self.db).await?.ok_or(StorageError::Failed)?;
        Ok(Anchor {
            at: clock::now(),
            id,
            hash,
        })
    }

    /// Whether the chain still contains an event that was recorded earlier.
    pub async fn contains(&self, anchor: Anchor) -> Result<bool, StorageError> {
        if anchor.id == 0 {
            return Ok(true);
        }
        Ok(audit::find_hash(&self.db, anchor.id).await? == Some(anchor.hash))
    }
}
