//! Refresh tokens of `api` sessions.

use crate::db::schema::accounts::{accounts, credentials};
use crate::db::schema::sessions::{refresh_tokens, sessions};
use crate::types::account::AccountState;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

/// An active session of an active account, locked to renew it.
#[derive(Clone, Debug, Queryable)]
pub struct RenewableSession {
    /// Session id.
    pub id: Uuid,
    /// Key of the MAC in its refresh tokens.
    pub refresh_key: Vec<u8>,
    /// Account id.
    pub account_id: i64,
    /// Address of the account.
    pub email: String,
    /// Name of the account.
    pub name: String,
    /// Role of the account.
    pub role: String,
    /// Whether the account has a second factor.
    pub has_second_factor: bool,
    /// Current time of the database, the clock that all replicas share.
    pub now: DateTime<Utc>,
}

/// A stored token.
#[derive(Clone, Debug, Queryable)]
pub struct RefreshRow {
    /// Its number in the session, from 0.
    pub generation: i32,
    /// When it was first replaced.
    pub replaced_at: Option<DateTime<Utc>>,
    /// What its successor is derived with, until the grace period is over.
    pub successor_seed: Option<Vec<u8>>,
}

/// Adds a token to a session.
pub fn add(conn: &mut PgConnection, session: Uuid, generation: i32, token_hash: &[u8]) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(token_hash),
            refresh_tokens::session_id.eq(session),
            refresh_tokens::generation.eq(generation),
        ))
        .execute(conn)
        .map(drop)
}

/// The session of a stored token.
pub fn find_session(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<Uuid>> {
    refresh_tokens::table
        .find(token_hash)
        .select(refresh_tokens::session_id)
        .first(conn)
        .optional()
}

/// The session with this id, if it is active. Locks it until the end of the transaction, which serializes concurrent
/// refreshes on all replicas.
pub fn lock_session(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<RenewableSession>> {
    let locked: Option<Uuid> = sessions::table
        .find(id)
        .select(sessions::id)
        .for_update()
        .first(conn)
        .optional()?;
    // A second statement, so that it sees what was committed while the first one waited for the lock.
    let Some(session) = locked else { return Ok(None) };
    sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .left_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .filter(accounts::deleted_at.is_null())
        .filter(accounts::state.eq(AccountState::Active.as_str()))
        .select((
            sessions::id,
            sessions::refresh_key,
            accounts::id,
            accounts::email,
            accounts::name,
            accounts::role,
            credentials::totp_confirmed_at.nullable().is_not_null(),
            now.into_sql::<Timestamptz>(),
        ))
        .first(conn)
        .optional()
}

/// The token of a session with this hash.
pub fn find(conn: &mut PgConnection, session: Uuid, token_hash: &[u8]) -> QueryResult<Option<RefreshRow>> {
    refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(token_hash))
        .filter(refresh_tokens::session_id.eq(session))
        .select((
            refresh_tokens::generation,
            refresh_tokens::replaced_at,
            refresh_tokens::successor_seed,
        ))
        .first(conn)
        .optional()
}

/// Marks a token as replaced. The time of the first replacement is not overwritten.
pub fn mark_replaced(conn: &mut PgConnection, token_hash: &[u8], seed: &[u8]) -> QueryResult<()> {
    let first = diesel::update(refresh_tokens::table.find(token_hash));
    first
        .filter(refresh_tokens::replaced_at.is_null())
        .set(refresh_tokens::replaced_at.eq(now))
        .execute(conn)?;
    diesel::update(refresh_tokens::table.find(token_hash))
        .set(refresh_tokens::successor_seed.eq(seed))
        .execute(conn)
        .map(drop)
}

/// Deletes the replaced tokens of a session that are older than these, and the seeds of tokens replaced before `since`.
pub fn forget_replaced(
    conn: &mut PgConnection,
    session: Uuid,
    since: DateTime<Utc>,
    oldest_kept: i32,
) -> QueryResult<()> {
    let replaced = || {
        refresh_tokens::table
            .filter(refresh_tokens::session_id.eq(session))
            .filter(refresh_tokens::replaced_at.is_not_null())
    };
    diesel::delete(replaced().filter(refresh_tokens::generation.lt(oldest_kept))).execute(conn)?;
    diesel::update(replaced().filter(refresh_tokens::replaced_at.lt(since)))
        .filter(refresh_tokens::successor_seed.is_not_null())
        .set(refresh_tokens::successor_seed.eq(None::<Vec<u8>>))
        .execute(conn)
        .map(drop)
}
