//! Demo entries. The role may add and delete them, but not read them.

use super::Db;
use super::error::DbError;
use super::schema::demo::entries;
use diesel::prelude::*;

/// Adds an entry.
pub async fn insert(db: &Db, data: String) -> Result<(), DbError> {
    db.tx("insert_demo_entry", move |conn| {
        diesel::insert_into(entries::table)
            .values(entries::data.eq(data))
            .execute(conn)
            .map(drop)
    })
    .await
}

/// Deletes all entries; how many there were.
pub async fn delete_all(db: &Db) -> Result<usize, DbError> {
    db.tx("delete_demo_entries", |conn| {
        diesel::delete(entries::table).execute(conn)
    })
    .await
}
