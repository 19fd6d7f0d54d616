//! Refresh tokens of `api` sessions.

use crate::db::schema::accounts::{accounts, credentials};
use crate::db::schema::sessions::{refresh_tokens, sessions};
use crate::types::account::AccountState;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

/// A token of an active session, of an active account.
#[derive(Clone, Debug, Queryable)]
pub struct RefreshRow {
    /// Session id.
    pub session_id: Uuid,
    /// Account id.
    pub account_id: i64,
    /// Address of the account.
    pub email: String,
    /// Role of the account.
    pub role: String,
    /// Whether the account has a second factor.
    pub has_second_factor: bool,
    /// When it was first replaced.
    pub replaced_at: Option<DateTime<Utc>>,
    /// Current time of the database, the clock that all replicas share.
    pub now: DateTime<Utc>,
}

/// Adds a token to a session.
pub fn add(conn: &mut PgConnection, session: Uuid, token_hash: &[u8]) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(token_hash),
            refresh_tokens::session_id.eq(session),
        ))
        .execute(conn)
        .map(drop)
}

/// The token with this hash, if its session is active. Locks the session until the end of the transaction, which
/// serializes concurrent refreshes on all replicas.
pub fn lock(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<RefreshRow>> {
    let of_token = refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(token_hash))
        .select(refresh_tokens::session_id);
    let locked: Option<Uuid> = sessions::table
        .filter(sessions::id.eq_any(of_token))
        .select(sessions::id)
        .for_update()
        .first(conn)
        .optional()?;
    // A second statement, so that it sees what was committed while the first one waited for the lock.
    let Some(session) = locked else { return Ok(None) };
    refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .left_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(
            refresh_tokens::token_hash
                .eq(token_hash)
                .and(sessions::id.eq(session)),
        )
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .filter(accounts::deleted_at.is_null())
        .filter(accounts::state.eq(AccountState::Active.as_str()))
        .select((
            sessions::id,
            accounts::id,
            accounts::email,
            accounts::role,
            credentials::totp_confirmed_at.nullable().is_not_null(),
            refresh_tokens::replaced_at,
            now.into_sql::<Timestamptz>(),
        ))
        .first(conn)
        .optional()
}

/// Marks a token as replaced. The time of the first replacement is not overwritten.
pub fn mark_replaced(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<()> {
    diesel::update(refresh_tokens::table.find(token_hash))
        .filter(refresh_tokens::replaced_at.is_null())
        .set(refresh_tokens::replaced_at.eq(now))
        .execute(conn)
        .map(drop)
}
