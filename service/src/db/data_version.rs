//! The version of the data that rates and places are answered from. Every transaction that changes them gives them another one.

use super::Db;
use super::error::DbError;
use super::schema::rates::data_version;
use crate::types::data_version::DataVersion;
use diesel::prelude::*;
use uuid::Uuid;

/// The current version.
pub async fn get(db: &Db) -> Result<DataVersion, DbError> {
    db.run("get_data_version", read).await
}

/// The version of the snapshot that this connection reads.
pub fn read(conn: &mut PgConnection) -> QueryResult<DataVersion> {
    let version = data_version::table
        .select(data_version::version)
        .first::<Uuid>(conn)?;
    Ok(DataVersion::of(version))
}
