//! Assertions that have authenticated a client, so that none does so twice, on any replica.

use crate::db::schema::clients::used_assertions;
use crate::types::client::ClientId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;

/// Records an assertion by the hash of its `jti`. False: it was used before. Of concurrent calls one succeeds: the others wait for
/// its transaction.
pub fn add(
    conn: &mut PgConnection,
    client: ClientId,
    jti_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> QueryResult<bool> {
    let added = diesel::insert_into(used_assertions::table)
        .values((
            used_assertions::client_id.eq(client.get()),
            used_assertions::jti_hash.eq(jti_hash),
            used_assertions::expires_at.eq(expires_at),
        ))
        .on_conflict((used_assertions::client_id, used_assertions::jti_hash))
        .do_nothing()
        .execute(conn)?;
    Ok(added > 0)
}

/// Deletes up to `limit` assertions that have expired. Returns their number.
pub fn delete_expired(conn: &mut PgConnection, limit: i64) -> QueryResult<usize> {
    let old: Vec<(uuid::Uuid, Vec<u8>)> = used_assertions::table
        .filter(used_assertions::expires_at.lt(now))
        .order(used_assertions::expires_at)
        .select((used_assertions::client_id, used_assertions::jti_hash))
        .limit(limit)
        .load(conn)?;
    let hashes: Vec<&[u8]> = old.iter().map(|(_, hash)| hash.as_slice()).collect();
    diesel::delete(
        used_assertions::table
            .filter(used_assertions::expires_at.lt(now))
            .filter(used_assertions::jti_hash.eq_any(hashes)),
    )
    .execute(conn)
}
