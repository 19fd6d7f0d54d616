//! The batches that were stored, withdrawn ones too: a list and a look-up.

use crate::db::Db;
use crate::db::batches::catalog;
pub use crate::db::batches::catalog::BatchRow;
use crate::domain::StorageError;
use crate::domain::page::Page;

/// Batches with numbers below `before`, newest first.
pub async fn list(db: &Db, before: Option<i64>, limit: u32) -> Result<Page<BatchRow>, StorageError> {
    let rows = catalog::list(db, before, i64::from(limit) + 1).await?;
    Ok(Page::from_rows(rows, limit, |batch| batch.id.to_string()))
}

/// A batch by its number.
pub async fn find(db: &Db, id: i64) -> Result<Option<BatchRow>, StorageError> {
    catalog::find(db, id).await
}
