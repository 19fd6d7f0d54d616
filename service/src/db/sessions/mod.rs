//! Sessions: who is signed in, from the beginning to the end.

/// Refresh tokens.
pub mod refresh_tokens;

use crate::db::Db;
use crate::db::error::DbError;
use crate::db::executor::batch::Batcher;
use crate::db::schema::accounts::accounts;
use crate::db::schema::sessions::sessions;
use crate::types::account::AccountId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::data_types::PgInterval;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use std::time::Duration;
use uuid::Uuid;

diesel::define_sql_function! {
    /// The earlier of two times.
    fn least(a: Timestamptz, b: Timestamptz) -> Timestamptz;
}

/// A session that has not ended, of an account that may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ActiveRow {
    /// The session.
    pub session_id: Uuid,
    /// SHA-256 of its cookie.
    pub cookie_hash: Option<Vec<u8>>,
    /// api, browser or token.
    pub kind: String,
    /// When it was last used, as far as that is written down.
    pub last_used_at: DateTime<Utc>,
    /// The account.
    pub account_id: i64,
    /// The account's address.
    pub email: String,
    /// The account's name.
    pub name: String,
    /// The account's role, now.
    pub role: String,
}

/// How a session is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its id, which an access token carries.
    Id(Uuid),
    /// By the SHA-256 of a browser's cookie.
    Cookie(Vec<u8>),
}

impl Wanted {
    fn is(&self, row: &ActiveRow) -> bool {
        match self {
            Self::Id(id) => *id == row.session_id,
            Self::Cookie(hash) => Some(hash) == row.cookie_hash.as_ref(),
        }
    }
}

/// A session as its owner sees it.
#[derive(Clone, Debug, Queryable)]
pub struct OwnRow {
    /// Its id.
    pub id: Uuid,
    /// api, browser or token.
    pub kind: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// What the client called itself.
    pub user_agent: String,
    /// Where it came from.
    pub address: String,
}

/// How long a session may live.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// In all.
    pub life: Duration,
    /// Without being used.
    pub idle: Duration,
}

/// Look-ups of sessions that wait.
pub type SessionBatcher = Batcher<Wanted, Option<ActiveRow>>;

/// A session that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Random.
    pub id: Uuid,
    /// Whose.
    pub account: AccountId,
    /// api, browser or token.
    pub kind: &'a str,
    /// SHA-256 of its cookie: for browsers.
    pub cookie_hash: Option<&'a [u8]>,
    /// How long it lives unless it is used.
    pub life: Duration,
    /// What the client calls itself.
    pub user_agent: &'a str,
    /// Where it comes from.
    pub address: &'a str,
    /// The network of that address.
    pub network: &'a str,
}

/// The session of this id or cookie, if it has not ended.
pub async fn find_active(
    db: &Db,
    batcher: &SessionBatcher,
    wanted: Wanted,
) -> Result<Option<ActiveRow>, DbError> {
    db.batched("find_active_session", batcher, wanted, |conn, wanted| {
        let (mut ids, mut hashes) = (Vec::new(), Vec::new());
        for wanted in wanted {
            match wanted {
                Wanted::Id(id) => ids.push(*id),
                Wanted::Cookie(hash) => hashes.push(hash.as_slice()),
            }
        }
        let rows: Vec<ActiveRow> = sessions::table
            .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
            .filter(
                sessions::id
                    .eq_any(&ids)
                    .or(sessions::cookie_hash.eq_any(&hashes)),
            )
            .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
            .filter(accounts::deleted_at.is_null().and(accounts::state.eq("active")))
            .select((
                sessions::id,
                sessions::cookie_hash,
                sessions::kind,
                sessions::last_used_at,
                accounts::id,
                accounts::email,
                accounts::name,
                accounts::role,
            ))
            .load(conn)?;
        let found = |wanted: &&Wanted| rows.iter().find(|row| wanted.is(row)).cloned();
        Ok(wanted.iter().map(found).collect())
    })
    .await
}

/// Stores a session that begins now; when it ends by itself.
pub fn begin(conn: &mut PgConnection, new: &NewSession<'_>) -> QueryResult<DateTime<Utc>> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(new.id),
            sessions::account_id.eq(new.account.get()),
            sessions::kind.eq(new.kind),
            sessions::cookie_hash.eq(new.cookie_hash),
            sessions::expires_at
                .eq(now.into_sql::<Timestamptz>() + interval(new.life).into_sql::<Interval>()),
            sessions::user_agent.eq(new.user_agent),
            sessions::address.eq(new.address),
            sessions::network.eq(new.network),
        ))
        .returning(sessions::expires_at)
        .get_result(conn)
}

/// Writes down that a session is used now; when it ends by itself. `None`: it has ended.
pub fn touch(conn: &mut PgConnection, id: Uuid, span: Span) -> QueryResult<Option<DateTime<Utc>>> {
    diesel::update(sessions::table.find(id))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .set((
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(least(
                sessions::created_at + interval(span.life).into_sql::<Interval>(),
                now.into_sql::<Timestamptz>() + interval(span.idle).into_sql::<Interval>(),
            )),
        ))
        .returning(sessions::expires_at)
        .get_result(conn)
        .optional()
}

/// The sessions of an account that have not ended, those that were used last first.
pub fn list(conn: &mut PgConnection, account: AccountId, limit: i64) -> QueryResult<Vec<OwnRow>> {
    sessions::table
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .order((sessions::last_used_at.desc(), sessions::id))
        .limit(limit)
        .select((
            sessions::id,
            sessions::kind,
            sessions::created_at,
            sessions::last_used_at,
            sessions::expires_at,
            sessions::user_agent,
            sessions::address,
        ))
        .load(conn)
}

/// Ends one session of an account; whether there was one to end.
pub fn end(conn: &mut PgConnection, account: AccountId, id: Uuid, reason: &str) -> QueryResult<bool> {
    let ended = diesel::update(sessions::table.find(id))
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .execute(conn)?;
    Ok(ended > 0)
}

/// Ends every session of an account, except the one that is kept; how many. Their refresh tokens end with them. Where a
/// password is changed: change it first, in the same transaction, so that no session begins in between.
pub fn end_all(
    conn: &mut PgConnection,
    account: AccountId,
    kept: Option<Uuid>,
    reason: &str,
) -> QueryResult<usize> {
    diesel::update(sessions::table)
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::id.ne(kept.unwrap_or(Uuid::nil())))
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .execute(conn)
}

/// Deletes sessions that would have ended by themselves this long ago, some at a time; how many.
pub fn delete_old(conn: &mut PgConnection, age: Duration, most: i64) -> QueryResult<usize> {
    let since = now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    let old: Vec<Uuid> = sessions::table
        .filter(sessions::expires_at.lt(since))
        .order(sessions::expires_at)
        .select(sessions::id)
        .limit(most)
        .for_update()
        .skip_locked()
        .load(conn)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(old))).execute(conn)
}

/// A length of time as PostgreSQL takes it.
pub(super) fn interval(length: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(length.as_micros()).unwrap_or(i64::MAX))
}
