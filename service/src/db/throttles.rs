//! Counters of failed attempts, by key. Stored in the database, so that all replicas share them.

use super::interval::interval;
use super::schema::sessions::throttles;
use chrono::{DateTime, Utc};
use diesel::dsl::{now, select};
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use diesel::upsert::excluded;
use std::time::Duration;

/// A counter.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct CountRow {
    /// Key.
    pub key: String,
    /// Number of attempts.
    pub count: i32,
    /// Further attempts are rejected until then.
    pub blocked_until: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// The existing counters with these keys, and the current time of the database. Takes no locks.
pub fn load(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<(DateTime<Utc>, Vec<CountRow>)> {
    let rows = throttles::table.filter(throttles::key.eq_any(keys)).load(conn)?;
    Ok((select(now.into_sql::<Timestamptz>()).get_result(conn)?, rows))
}

/// The counters with these keys, which must be sorted and unique, and the current time of the database. Creates missing
/// ones. Locks them until the end of the transaction, so that each of many concurrent attempts sees the previous ones.
pub fn lock(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<(DateTime<Utc>, Vec<CountRow>)> {
    let fresh: Vec<_> = keys
        .iter()
        .map(|key| (throttles::key.eq(*key), throttles::count.eq(0)))
        .collect();
    // One statement creates or locks each row in the order of the keys, which avoids deadlocks. Inserting with DO NOTHING
    // and selecting afterwards would miss rows that are deleted in between.
    let rows = diesel::insert_into(throttles::table)
        .values(fresh)
        .on_conflict(throttles::key)
        .do_update()
        .set(throttles::count.eq(throttles::count))
        .get_results(conn)?;
    Ok((select(now.into_sql::<Timestamptz>()).get_result(conn)?, rows))
}

/// Stores counters.
pub fn store(conn: &mut PgConnection, rows: &[CountRow]) -> QueryResult<()> {
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                throttles::key.eq(&row.key),
                throttles::count.eq(row.count),
                throttles::blocked_until.eq(row.blocked_until),
                throttles::updated_at.eq(row.updated_at),
            )
        })
        .collect();
    diesel::insert_into(throttles::table)
        .values(values)
        .on_conflict(throttles::key)
        .do_update()
        .set((
            throttles::count.eq(excluded(throttles::count)),
            throttles::blocked_until.eq(excluded(throttles::blocked_until)),
            throttles::updated_at.eq(excluded(throttles::updated_at)),
        ))
        .execute(conn)
        .map(drop)
}

/// Deletes counters.
pub fn reset(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<()> {
    diesel::delete(throttles::table.filter(throttles::key.eq_any(keys)))
        .execute(conn)
        .map(drop)
}

/// Deletes the counter with this key, and those whose keys start with it and a colon.
pub fn reset_with_prefix(conn: &mut PgConnection, key: &str) -> QueryResult<()> {
    // A semicolon is the next character after a colon.
    let (from, to) = (format!("{key}:"), format!("{key};"));
    let below = throttles::key.ge(from).and(throttles::key.lt(to));
    let keys: Vec<String> = throttles::table
        .filter(throttles::key.eq(key).or(below))
        .order(throttles::key)
        .select(throttles::key)
        .for_update()
        .load(conn)?;
    diesel::delete(throttles::table.filter(throttles::key.eq_any(keys)))
        .execute(conn)
        .map(drop)
}

/// Deletes up to `limit` counters that have not changed for `age`. Returns their number.
pub fn delete_expired(conn: &mut PgConnection, age: Duration, limit: i64) -> QueryResult<usize> {
    let since = now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    let old = throttles::table
        .filter(throttles::updated_at.lt(since))
        .filter(
            throttles::blocked_until
                .is_null()
                .or(throttles::blocked_until.lt(now.into_sql::<Timestamptz>().nullable())),
        )
        .order(throttles::key)
        .select(throttles::key)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load::<String>(conn)?;
    diesel::delete(throttles::table.filter(throttles::key.eq_any(old))).execute(conn)
}
