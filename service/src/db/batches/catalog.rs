//! The batches that were stored, withdrawn ones too.

use crate::db::Db;
use crate::db::error::DbError;
use crate::db::schema::rates::batches;
use crate::types::page_row::PageRow;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// A batch that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = batches)]
pub struct BatchRow {
    /// Its number.
    pub id: i64,
    /// How many prices it brought.
    pub price_count: i64,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl PageRow for BatchRow {
    fn text_bytes(&self) -> usize {
        0
    }
}

/// Batches with numbers below `before`, newest first.
pub async fn list(db: &Db, before: Option<i64>, limit: i64) -> Result<Vec<BatchRow>, DbError> {
    db.run("list_batches", move |conn| {
        let below = batches::table.filter(batches::id.lt(before.unwrap_or(i64::MAX)));
        let newest_first = below.order(batches::id.desc()).limit(limit);
        newest_first.select(BatchRow::as_select()).load(conn)
    })
    .await
}

/// The batches with these numbers, in no order.
pub async fn list_by_ids(db: &Db, ids: Vec<i64>) -> Result<Vec<BatchRow>, DbError> {
    db.run("list_batches_by_ids", move |conn| {
        let rows = batches::table.filter(batches::id.eq_any(&ids));
        rows.select(BatchRow::as_select()).load(conn)
    })
    .await
}

/// A batch by its number.
pub async fn find(db: &Db, id: i64) -> Result<Option<BatchRow>, DbError> {
    db.run("find_batch", move |conn| {
        let row = batches::table.find(id).select(BatchRow::as_select());
        row.first(conn).optional()
    })
    .await
}
