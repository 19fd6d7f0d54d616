//! Logins that have ended: blocked in PostgreSQL itself, and then revoked in Vault.

use super::logins::CLAIM_TIMEOUT;
use crate::db::interval::interval;
use crate::db::schema::access::logins;
use crate::types::access::AccessRequestId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Interval, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use std::time::Duration;
use uuid::Uuid;

/// How long one replica revokes a login in Vault. Then another one tries: the first has died.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(30);

diesel::define_sql_function! {
    /// Deletes attempts to issue a login that failed long ago: the service's login has no DELETE on the table.
    #[sql_name = "access.purge_failed_logins"]
    fn purge_failed_logins(age: Interval, batch: Integer) -> BigInt;
}

/// A login that has ended and that PostgreSQL may still serve.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Unblocked {
    /// Id of the login.
    pub id: Uuid,
    /// The request.
    pub request_id: i64,
    /// Name in the database.
    pub name: Option<String>,
    /// Failed attempts.
    pub failures: i32,
}

/// A login that is to be revoked in Vault.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Unrevoked {
    /// Id of the login.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The request.
    #[diesel(sql_type = BigInt)]
    pub request_id: i64,
    /// Of the Vault token that owns the lease. `None`: Vault was not called.
    #[diesel(sql_type = Nullable<Text>)]
    pub accessor: Option<String>,
    /// Id of the lease. `None`: not known.
    #[diesel(sql_type = Nullable<Text>)]
    pub lease_id: Option<String>,
    /// Name in the database. `None`: no one has it.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Failed attempts.
    #[diesel(sql_type = Integer)]
    pub failures: i32,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Existence {
    #[diesel(sql_type = Bool)]
    exists: bool,
}

/// What dropping a login found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropOutcome {
    /// It did not exist.
    Absent,
    /// It is dropped.
    Dropped,
    /// It cannot be dropped. It has no password and cannot connect, and each sweep tries to drop it.
    Closed,
}

/// Logins that have ended and are not blocked: those of a request, or all, as far as an attempt is due.
pub fn list_unblocked(
    conn: &mut PgConnection,
    request: Option<AccessRequestId>,
    limit: i64,
) -> QueryResult<Vec<Unblocked>> {
    let mut query = logins::table
        .filter(logins::ended_at.is_not_null())
        .filter(logins::revoked_at.is_null())
        .filter(logins::blocked_at.is_null())
        .filter(logins::name.is_not_null())
        .order(logins::ended_at)
        .select((
            logins::id,
            logins::request_id,
            logins::name,
            logins::revoke_failures,
        ))
        .limit(limit)
        .into_boxed();
    query = match request {
        Some(request) => query.filter(logins::request_id.eq(request.get())),
        None => query.filter(
            logins::revoke_after
                .is_null()
                .or(logins::revoke_after.le(now.into_sql::<Nullable<Timestamptz>>())),
        ),
    };
    query.load(conn)
}

/// Permits no new session of a login once the transaction has committed. One that does not exist is no error. One replica does it at a
/// time: of concurrent changes of a role PostgreSQL refuses one.
pub fn block(conn: &mut PgConnection, id: Uuid, name: &str) -> QueryResult<()> {
    let login = logins::table.find(id).select(logins::id).for_update();
    login.first::<Uuid>(conn)?;
    diesel::sql_query("SELECT vault_api.block_login($1)")
        .bind::<Text, _>(name)
        .execute(conn)
        .map(drop)
}

/// Ends the sessions of blocked logins; returns the logins that still have some.
pub fn end_sessions(conn: &mut PgConnection, names: &[String]) -> QueryResult<Vec<String>> {
    let left: Vec<Name> = diesel::sql_query("SELECT name FROM vault_api.end_sessions($1) name")
        .bind::<Array<Text>, _>(names)
        .load(conn)?;
    Ok(left.into_iter().map(|row| row.name).collect())
}

/// Records that logins have no session and can begin none. Vault is called next, at once.
pub fn set_blocked(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<()> {
    diesel::update(logins::table.filter(logins::id.eq_any(ids)))
        .filter(logins::blocked_at.is_null())
        .set((
            logins::blocked_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
            logins::revoke_after.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .map(drop)
}

/// Claims the revocation of one login, for a time: blocked, or never issued to the end. Without an accessor, a replica may be about to
/// record one.
pub fn claim_unrevoked(conn: &mut PgConnection) -> QueryResult<Option<Unrevoked>> {
    diesel::sql_query(
        "UPDATE access.logins SET revoke_after = now() + $1 WHERE id = (
           SELECT id FROM access.logins
           WHERE ended_at IS NOT NULL AND revoked_at IS NULL AND (name IS NULL OR blocked_at IS NOT NULL)
             AND (accessor IS NOT NULL OR claimed_at < now() - $2) AND coalesce(revoke_after, now()) <= now()
           ORDER BY ended_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, request_id, accessor, lease_id, name, revoke_failures AS failures",
    )
    .bind::<Interval, _>(interval(REVOCATION_TIMEOUT))
    .bind::<Interval, _>(interval(CLAIM_TIMEOUT))
    .get_result(conn)
    .optional()
}

/// Drops a blocked login if Vault has left it.
pub fn drop_blocked(conn: &mut PgConnection, name: &str) -> QueryResult<DropOutcome> {
    let mut exists = |query| {
        diesel::sql_query(query)
            .bind::<Text, _>(name)
            .get_result::<Existence>(conn)
            .map(|row| row.exists)
    };
    if !exists("SELECT vault_api.drop_blocked($1) AS exists")? {
        return Ok(DropOutcome::Absent);
    }
    // A statement of its own: it sees the change of the one before.
    let is_left = exists("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS exists")?;
    Ok(if is_left {
        DropOutcome::Closed
    } else {
        DropOutcome::Dropped
    })
}

/// Records that a login is dropped or closed. `false`: another replica has recorded it.
pub fn set_revoked(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let login = logins::table.find(id).filter(logins::revoked_at.is_null());
    let set = diesel::update(login)
        .set(logins::revoked_at.eq(now.into_sql::<Nullable<Timestamptz>>()))
        .execute(conn)?;
    Ok(set > 0)
}

/// Has a login that has ended revoked again, at once: Vault issued something for it meanwhile.
pub fn reopen(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::update(logins::table.find(id).filter(logins::ended_at.is_not_null()))
        .set((
            logins::revoked_at.eq(None::<DateTime<Utc>>),
            logins::revoke_after.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .map(drop)
}

/// Counts a failed attempt to block or to revoke a login, and delays the next one.
pub fn set_revoke_failures(
    conn: &mut PgConnection,
    id: Uuid,
    failures: i32,
    delay: Duration,
) -> QueryResult<()> {
    diesel::update(logins::table.find(id))
        .set((
            logins::revoke_failures.eq(failures),
            logins::revoke_after
                .eq((now.into_sql::<Timestamptz>() + interval(delay).into_sql::<Interval>()).nullable()),
        ))
        .execute(conn)
        .map(drop)
}

/// Deletes up to `limit` attempts to issue a login that failed and were revoked at least `age` ago. Returns their number.
pub fn purge_failed(conn: &mut PgConnection, age: Duration, limit: i32) -> QueryResult<i64> {
    diesel::select(purge_failed_logins(interval(age), limit)).get_result(conn)
}
