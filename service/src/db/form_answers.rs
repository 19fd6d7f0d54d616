//! Submitted forms and their answers, shared by all replicas.

use super::interval::interval;
use super::schema::sessions::form_answers;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use diesel::upsert::excluded;
use std::time::Duration;

/// The state of a submitted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormState {
    /// It is being processed.
    Running,
    /// It changed nothing; the answer is for arrivals that wait.
    Rejected(Vec<u8>),
    /// It is processed.
    Processed(Vec<u8>),
}

/// The state of a form, unless it is unknown or expired.
pub fn find(conn: &mut PgConnection, key: &[u8]) -> QueryResult<Option<FormState>> {
    let row: Option<(Option<Vec<u8>>, bool)> = form_answers::table
        .filter(form_answers::key.eq(key))
        .filter(form_answers::expires_at.gt(now.into_sql::<Timestamptz>()))
        .select((form_answers::answer, form_answers::is_final))
        .first(conn)
        .optional()?;
    Ok(row.map(|(answer, is_final)| match answer {
        None => FormState::Running,
        Some(answer) if is_final => FormState::Processed(answer),
        Some(answer) => FormState::Rejected(answer),
    }))
}

/// The number of forms, expired ones included.
pub fn count(conn: &mut PgConnection) -> QueryResult<i64> {
    form_answers::table.count().get_result(conn)
}

/// Records that a form is being processed, for at most `ttl`. `false`: another arrival is.
pub fn begin(conn: &mut PgConnection, key: &[u8], ttl: Duration) -> QueryResult<bool> {
    let expires_at = now.into_sql::<Timestamptz>() + interval(ttl).into_sql::<Interval>();
    let is_expired = form_answers::expires_at.le(now.into_sql::<Timestamptz>());
    let is_rejected = form_answers::answer
        .is_not_null()
        .and(form_answers::is_final.eq(false));
    let begin = diesel::insert_into(form_answers::table)
        .values((form_answers::key.eq(key), form_answers::expires_at.eq(expires_at)))
        .on_conflict(form_answers::key)
        .do_update()
        .set((
            form_answers::expires_at.eq(excluded(form_answers::expires_at)),
            form_answers::awaited.eq(false),
            form_answers::answer.eq(None::<Vec<u8>>),
            form_answers::is_final.eq(false),
        ));
    Ok(diesel::query_dsl::methods::FilterDsl::filter(begin, is_expired.or(is_rejected)).execute(conn)? > 0)
}

/// Records that an arrival waits for the answer.
pub fn mark_awaited(conn: &mut PgConnection, key: &[u8]) -> QueryResult<()> {
    let row = form_answers::table
        .filter(form_answers::key.eq(key))
        .filter(form_answers::answer.is_null());
    diesel::update(row)
        .set(form_answers::awaited.eq(true))
        .execute(conn)
        .map(drop)
}

/// Stores the answer to a form that is being processed.
pub fn store(
    conn: &mut PgConnection,
    key: &[u8],
    answer: &[u8],
    is_final: bool,
    ttl: Duration,
) -> QueryResult<()> {
    let expires_at = now.into_sql::<Timestamptz>() + interval(ttl).into_sql::<Interval>();
    diesel::update(form_answers::table.filter(form_answers::key.eq(key)))
        .set((
            form_answers::answer.eq(Some(answer)),
            form_answers::is_final.eq(is_final),
            form_answers::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .map(drop)
}

/// Forgets a form.
pub fn delete(conn: &mut PgConnection, key: &[u8]) -> QueryResult<()> {
    diesel::delete(form_answers::table.filter(form_answers::key.eq(key)))
        .execute(conn)
        .map(drop)
}

/// Forgets a form unless another arrival waits for its answer. Returns whether it is forgotten.
pub fn delete_unless_awaited(conn: &mut PgConnection, key: &[u8]) -> QueryResult<bool> {
    let row = form_answers::table
        .filter(form_answers::key.eq(key))
        .filter(form_answers::awaited.eq(false));
    Ok(diesel::delete(row).execute(conn)? > 0)
}

/// Deletes up to `limit` expired rows. Returns their number.
pub fn delete_expired(conn: &mut PgConnection, limit: i64) -> QueryResult<usize> {
    let old: Vec<Vec<u8>> = form_answers::table
        .filter(form_answers::expires_at.le(now.into_sql::<Timestamptz>()))
        .order(form_answers::expires_at)
        .select(form_answers::key)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load(conn)?;
    diesel::delete(form_answers::table.filter(form_answers::key.eq_any(old))).execute(conn)
}
