//! Counts of tries, by whatever they are counted by. In the database, so that all replicas count together.
use super::schema::accounts::accounts;
use super::schema::sessions::{sessions, throttles};
use super::sessions::interval;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use diesel::upsert::excluded;
use std::time::Duration;

/// A count.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct CountRow {
    /// What is counted by.
    pub key: String,
    /// How often.
    pub count: i32,
    /// Until when the next try is refused.
    pub blocked_until: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// The counts of these keys, as far as there are any, and what the time is. Holds nothing.
pub fn load(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<(DateTime<Utc>, Vec<CountRow>)> {
    let rows = throttles::table.filter(throttles::key.eq_any(keys)).load(conn)?;
    Ok((select(now.into_sql::<Timestamptz>()).get_result(conn)?, rows))
}

/// The counts of these keys, which must be sorted, each key's once; and what the time is. New ones are zero. Nobody else
/// counts by them until the transaction ends: of many tries at once each sees those before it.
pub fn lock(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<(DateTime<Utc>, Vec<CountRow>)> {
    let fresh: Vec<_> = keys
        .iter()
        .map(|key| (throttles::key.eq(*key), throttles::count.eq(0)))
        .collect();
    // One statement makes or locks each row, in the order of the keys, so that nobody waits in a circle. A look for rows
    // behind an insertion that does nothing would miss those that somebody deletes in between.
    let rows = diesel::insert_into(throttles::table)
        .values(fresh)
        .on_conflict(throttles::key)
        .do_update()
        .set(throttles::count.eq(throttles::count))
        .get_results(conn)?;
    Ok((select(now.into_sql::<Timestamptz>()).get_result(conn)?, rows))
}

/// Stores counts.
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

/// Forgets these counts.
pub fn reset(conn: &mut PgConnection, keys: &[&str]) -> QueryResult<()> {
    diesel::delete(throttles::table.filter(throttles::key.eq_any(keys)))
        .execute(conn)
        .map(drop)
}

/// Forgets the count of a key, and those of all keys that begin with it and a colon.
pub fn reset_with_prefix(conn: &mut PgConnection, key: &str) -> QueryResult<()> {
    // A semicolon is what comes behind a colon.
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

/// Deletes counts that nobody has added to for this long, some at a time; how many.
pub fn delete_old(conn: &mut PgConnection, age: Duration, most: i64) -> QueryResult<usize> {
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
        .limit(most)
        .for_update()
        .skip_locked()
        .load::<String>(conn)?;
    diesel::delete(throttles::table.filter(throttles::key.eq_any(old))).execute(conn)
}

/// Whether somebody signed in to the account of this address from this network, not longer ago than this.
pub fn is_known(conn: &mut PgConnection, email_key: &str, network: &str, age: Duration) -> QueryResult<bool> {
    let since = now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    select(exists(
        sessions::table
            .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
            .filter(
                accounts::email_key
                    .eq(email_key)
                    .and(accounts::deleted_at.is_null()),
            )
            .filter(sessions::network.eq(network).and(sessions::created_at.gt(since))),
    ))
    .get_result(conn)
}
