//! How often strangers caused mails, kept beside the other throttles. Which counts are too many is the domain's to say.
use super::schema::sessions::throttles;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;

/// A count, held until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Count {
    /// How often.
    pub count: i32,
    /// Until when the next is refused.
    pub blocked_until: Option<DateTime<Utc>>,
    /// When the last was counted.
    pub updated_at: DateTime<Utc>,
    /// The database's time.
    pub now: DateTime<Utc>,
}

/// The count of a key, zero where there was none. Holds it until the transaction ends.
pub fn hold(conn: &mut PgConnection, key: &str) -> QueryResult<Count> {
    diesel::insert_into(throttles::table)
        .values((throttles::key.eq(key), throttles::count.eq(0)))
        .on_conflict_do_nothing()
        .execute(conn)?;
    throttles::table
        .find(key)
        .select((
            throttles::count,
            throttles::blocked_until,
            throttles::updated_at,
            now.into_sql::<Timestamptz>(),
        ))
        .for_update()
        .first(conn)
}

/// Stores a count that is held.
pub fn store(
    conn: &mut PgConnection,
    key: &str,
    count: i32,
    blocked_until: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    diesel::update(throttles::table.find(key))
        .set((
            throttles::count.eq(count),
            throttles::blocked_until.eq(blocked_until),
            throttles::updated_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}
