//! Logins that have ended: in PostgreSQL itself, and until Vault has confirmed that they are dropped.

use super::logins::CLAIM_TIMEOUT;
use crate::db::schema::access::logins;
use crate::db::sessions::interval;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Interval, Nullable, Text, Timestamptz};
use std::time::Duration;
use uuid::Uuid;

/// A login that is to be revoked in Vault.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Unrevoked {
    /// Id of the login.
    pub id: Uuid,
    /// The request.
    pub request_id: i64,
    /// Of the Vault token that owns the lease. `None`: Vault was not called.
    pub accessor: Option<String>,
    /// Id of the lease. `None`: not known.
    pub lease_id: Option<String>,
    /// Name in the database. `None`: no one has it.
    pub name: Option<String>,
    /// Failed attempts.
    pub failures: i32,
}

#[derive(QueryableByName)]
struct Sessions {
    #[diesel(sql_type = Integer)]
    count: i32,
}

/// Logins that have ended and that Vault has not confirmed as dropped, as far as an attempt is due. Without an accessor, a replica may
/// be about to record one.
pub fn list_unrevoked(conn: &mut PgConnection, limit: i64) -> QueryResult<Vec<Unrevoked>> {
    let abandoned_at = now.into_sql::<Timestamptz>() - interval(CLAIM_TIMEOUT).into_sql::<Interval>();
    logins::table
        .filter(logins::ended_at.is_not_null())
        .filter(logins::revoked_at.is_null())
        .filter(
            logins::accessor
                .is_not_null()
                .or(logins::claimed_at.lt(abandoned_at)),
        )
        .filter(
            logins::revoke_after
                .is_null()
                .or(logins::revoke_after.le(now.into_sql::<Nullable<Timestamptz>>())),
        )
        .order(logins::ended_at)
        .select((
            logins::id,
            logins::request_id,
            logins::accessor,
            logins::lease_id,
            logins::name,
            logins::revoke_failures,
        ))
        .limit(limit)
        .load(conn)
}

/// Permits no new session of a login once the transaction has committed. One that does not exist is no error.
pub fn block(conn: &mut PgConnection, name: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT vault_api.block_login($1)")
        .bind::<Text, _>(name)
        .execute(conn)
        .map(drop)
}

/// Ends the sessions of a blocked login; returns how many are left.
pub fn end_sessions(conn: &mut PgConnection, name: &str) -> QueryResult<i32> {
    diesel::sql_query("SELECT vault_api.end_sessions($1) AS count")
        .bind::<Text, _>(name)
        .get_result::<Sessions>(conn)
        .map(|row| row.count)
}

/// Records that Vault has dropped a login. `false`: another replica has recorded it.
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

/// Counts a failed attempt to revoke a login, and delays the next one.
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
