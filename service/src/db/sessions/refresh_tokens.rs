//! Refresh tokens: the family of each `api` session.
use crate::db::schema::accounts::accounts;
use crate::db::schema::sessions::{refresh_tokens, sessions};
use crate::types::account::AccountState;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

/// A token of a session that has not ended, of an account that may sign in.
#[derive(Clone, Debug, Queryable)]
pub struct RefreshRow {
    /// The session.
    pub session_id: Uuid,
    /// The account.
    pub account_id: i64,
    /// The account's address.
    pub email: String,
    /// The account's role.
    pub role: String,
    /// When another token took its place.
    pub replaced_at: Option<DateTime<Utc>>,
    /// The database's clock: the one that every replica shares.
    pub now: DateTime<Utc>,
}

/// Stores one more token of a session.
pub fn add(conn: &mut PgConnection, session: Uuid, token_hash: &[u8]) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(token_hash),
            refresh_tokens::session_id.eq(session),
        ))
        .execute(conn)
        .map(drop)
}

/// The token of this hash, if its session is alive. Holds the session until the transaction ends: of all who renew it at
/// the same time, on whichever replica, one is the first.
pub fn hold(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<RefreshRow>> {
    let of_token = refresh_tokens::table
        .filter(refresh_tokens::token_hash.eq(token_hash))
        .select(refresh_tokens::session_id);
    let held: Option<Uuid> = sessions::table
        .filter(sessions::id.eq_any(of_token))
        .select(sessions::id)
        .for_update()
        .first(conn)
        .optional()?;
    // A statement of its own: it sees what was committed while the one before waited.
    let Some(session) = held else { return Ok(None) };
    refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
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
            refresh_tokens::replaced_at,
            now.into_sql::<Timestamptz>(),
        ))
        .first(conn)
        .optional()
}

/// Another token has taken this one's place; the time of the first replacement stays.
pub fn replace(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<()> {
    diesel::update(refresh_tokens::table.find(token_hash))
        .filter(refresh_tokens::replaced_at.is_null())
        .set(refresh_tokens::replaced_at.eq(now))
        .execute(conn)
        .map(drop)
}
