//! Sessions, from sign-in to their end.

/// Networks that an account's owner is known to use.
pub mod known_networks;

/// The sessions of an account, as its owner sees and limits them.
pub mod own;

/// Refresh tokens.
pub mod refresh_tokens;

use crate::db::Db;
use crate::db::error::DbError;
use crate::db::executor::batch::Batcher;
use crate::db::interval::interval;
use crate::db::schema::accounts::{accounts, credentials};
use crate::db::schema::sessions::sessions;
use crate::types::account::AccountId;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::{Interval, Nullable, Timestamptz};
use std::time::Duration;
use uuid::Uuid;

diesel::define_sql_function! {
    /// The earlier of two times.
    fn least(a: Timestamptz, b: Timestamptz) -> Timestamptz;
}

diesel::define_sql_function! {
    /// The first time, or the second if there is none.
    fn coalesce(a: Nullable<Timestamptz>, b: Timestamptz) -> Timestamptz;
}

/// A session that has not ended, of an active account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ActiveSessionRow {
    /// Session id.
    pub session_id: Uuid,
    /// SHA-256 of the cookie.
    pub cookie_hash: Option<Vec<u8>>,
    /// `api`, `browser` or `token`.
    pub kind: String,
    /// Last recorded use.
    pub last_used_at: DateTime<Utc>,
    /// Account id.
    pub account_id: i64,
    /// Address of the account.
    pub email: String,
    /// Name of the account.
    pub name: String,
    /// Current role of the account.
    pub role: String,
    /// Whether the account has a second factor.
    pub has_second_factor: bool,
    /// When the credentials were last verified.
    pub proven_at: DateTime<Utc>,
}

/// Key of a session lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKey {
    /// The session id of an access token.
    Id(Uuid),
    /// SHA-256 of a browser cookie.
    Cookie(Vec<u8>),
}

impl SessionKey {
    fn matches(&self, row: &ActiveSessionRow) -> bool {
        match self {
            Self::Id(id) => *id == row.session_id,
            Self::Cookie(hash) => Some(hash) == row.cookie_hash.as_ref(),
        }
    }
}

/// Limits on the lifetime of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimeouts {
    /// Maximum age, however active it is.
    pub absolute_timeout: Duration,
    /// Maximum time between two uses.
    pub idle_timeout: Duration,
}

/// Batches session lookups.
pub type SessionBatcher = Batcher<SessionKey, Option<ActiveSessionRow>>;

/// A session to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Random id.
    pub id: Uuid,
    /// Account.
    pub account: AccountId,
    /// `api`, `browser` or `token`.
    pub kind: &'a str,
    /// SHA-256 of the cookie, for browsers.
    pub cookie_hash: Option<&'a [u8]>,
    /// Time until it expires if it is not used.
    pub ttl: Duration,
    /// `User-Agent` of the client.
    pub user_agent: &'a str,
    /// Address of the client.
    pub address: &'a str,
    /// Network of the address.
    pub network: &'a str,
}

/// The session with this key, if it is active.
pub async fn find_active(
    db: &Db,
    batcher: &SessionBatcher,
    key: SessionKey,
) -> Result<Option<ActiveSessionRow>, DbError> {
    db.batched("find_active_session", batcher, key, |conn, keys| {
        let (mut ids, mut hashes) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                SessionKey::Id(id) => ids.push(*id),
                SessionKey::Cookie(hash) => hashes.push(hash.as_slice()),
            }
        }
        let rows: Vec<ActiveSessionRow> = sessions::table
            .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
            .left_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
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
                credentials::totp_confirmed_at.nullable().is_not_null(),
                coalesce(sessions::proven_at, sessions::created_at),
            ))
            .load(conn)?;
        let found = |key: &&SessionKey| rows.iter().find(|row| key.matches(row)).cloned();
        Ok(keys.iter().map(found).collect())
    })
    .await
}

/// Creates a session. Returns its expiry and the key of its refresh tokens.
pub fn create(conn: &mut PgConnection, new: &NewSession<'_>) -> QueryResult<(DateTime<Utc>, Vec<u8>)> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(new.id),
            sessions::account_id.eq(new.account.get()),
            sessions::kind.eq(new.kind),
            sessions::cookie_hash.eq(new.cookie_hash),
            sessions::expires_at.eq(now.into_sql::<Timestamptz>() + interval(new.ttl).into_sql::<Interval>()),
            sessions::user_agent.eq(new.user_agent),
            sessions::address.eq(new.address),
            sessions::network.eq(new.network),
        ))
        .returning((sessions::expires_at, sessions::refresh_key))
        .get_result(conn)
}

/// Records a use of a session. Returns its new expiry, or `None` if it has ended.
pub fn touch(
    conn: &mut PgConnection,
    id: Uuid,
    timeouts: SessionTimeouts,
) -> QueryResult<Option<DateTime<Utc>>> {
    diesel::update(sessions::table.find(id))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .set((
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(least(
                sessions::created_at + interval(timeouts.absolute_timeout).into_sql::<Interval>(),
                now.into_sql::<Timestamptz>() + interval(timeouts.idle_timeout).into_sql::<Interval>(),
            )),
        ))
        .returning(sessions::expires_at)
        .get_result(conn)
        .optional()
}

/// Whether a session has neither ended nor expired.
pub fn is_active(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let active = sessions::table
        .find(id)
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)));
    select(exists(active)).get_result(conn)
}

/// Records that the credentials of a session's account were verified now.
pub fn prove(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::update(sessions::table.find(id))
        .set(sessions::proven_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Replaces the cookie of a session. `false`: it has none, or has ended.
pub fn replace_cookie(conn: &mut PgConnection, id: Uuid, cookie_hash: &[u8]) -> QueryResult<bool> {
    let replaced = diesel::update(sessions::table.find(id))
        .filter(
            sessions::ended_at
                .is_null()
                .and(sessions::cookie_hash.is_not_null()),
        )
        .set(sessions::cookie_hash.eq(cookie_hash))
        .execute(conn)?;
    Ok(replaced > 0)
}

/// Ends one session of an account. `false`: no such session was active.
pub fn end(conn: &mut PgConnection, account: AccountId, id: Uuid, reason: &str) -> QueryResult<bool> {
    let ended = diesel::update(sessions::table.find(id))
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .execute(conn)?;
    Ok(ended > 0)
}

/// Ends all sessions of an account, except one if it is given; their refresh tokens end with them. Returns the number of
/// those that had not expired. After a change of password it must run in the same transaction, after the change, so that no
/// session can start in between.
pub fn end_all(
    conn: &mut PgConnection,
    account: AccountId,
    except: Option<Uuid>,
    reason: &str,
) -> QueryResult<usize> {
    // Expired ones too: a concurrent request that was sent before the expiry may be extending one, and a filter on the expiry
    // would skip it instead of waiting for that request.
    let ended: Vec<bool> = diesel::update(sessions::table)
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::id.ne(except.unwrap_or(Uuid::nil())))
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .returning(sessions::expires_at.gt(now))
        .get_results(conn)?;
    Ok(ended.into_iter().filter(|was_active| *was_active).count())
}

/// Deletes up to `limit` sessions that expired at least `age` ago. Returns their number.
pub fn delete_expired(conn: &mut PgConnection, age: Duration, limit: i64) -> QueryResult<usize> {
    let since = now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    let old: Vec<Uuid> = sessions::table
        .filter(sessions::expires_at.lt(since))
        .order(sessions::expires_at)
        .select(sessions::id)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load(conn)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(old))).execute(conn)
}
