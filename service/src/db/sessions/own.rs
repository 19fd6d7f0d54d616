//! The active sessions of an account: listed in pages, and limited in number.

use crate::db::schema::sessions::sessions;
use crate::types::account::AccountId;
use crate::types::page_row::{PageRow, json_bytes};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use uuid::Uuid;

/// A session as its owner sees it.
#[derive(Clone, Debug, Queryable)]
pub struct SessionRow {
    /// Id.
    pub id: Uuid,
    /// `api`, `browser` or `token`.
    pub kind: String,
    /// Time of sign-in.
    pub created_at: DateTime<Utc>,
    /// Last recorded use.
    pub last_used_at: DateTime<Utc>,
    /// Expiry.
    pub expires_at: DateTime<Utc>,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Address of the client.
    pub address: String,
}

impl PageRow for SessionRow {
    fn text_bytes(&self) -> usize {
        json_bytes(&self.user_agent) + json_bytes(&self.address) + json_bytes(&self.kind)
    }
}

/// Where a page of sessions starts: behind this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPosition {
    /// Its time of sign-in.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
}

/// The position of a session of the account, active or not.
pub fn find_position(
    conn: &mut PgConnection,
    account: AccountId,
    id: Uuid,
) -> QueryResult<Option<SessionPosition>> {
    let created_at = sessions::table
        .filter(sessions::id.eq(id).and(sessions::account_id.eq(account.get())))
        .select(sessions::created_at)
        .first(conn)
        .optional()?;
    Ok(created_at.map(|created_at| SessionPosition { created_at, id }))
}

/// The active sessions of an account, newest first: the time of last use would move rows from page to page.
pub fn list(
    conn: &mut PgConnection,
    account: AccountId,
    after: Option<SessionPosition>,
    limit: i64,
) -> QueryResult<Vec<SessionRow>> {
    let mut query = sessions::table
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .order((sessions::created_at.desc(), sessions::id))
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
        .into_boxed();
    if let Some(SessionPosition { created_at, id }) = after {
        let behind = sessions::created_at
            .lt(created_at)
            .or(sessions::created_at.eq(created_at).and(sessions::id.gt(id)));
        query = query.filter(behind);
    }
    query.load(conn)
}

/// Ends the active sessions of these kinds beyond the `max` that were used last. Returns their number.
pub fn end_excess(
    conn: &mut PgConnection,
    account: AccountId,
    kinds: &[&str],
    max: i64,
    reason: &str,
) -> QueryResult<usize> {
    let excess: Vec<Uuid> = sessions::table
        .filter(sessions::account_id.eq(account.get()))
        .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
        .filter(sessions::kind.eq_any(kinds))
        .order((sessions::last_used_at.desc(), sessions::created_at.desc()))
        .offset(max)
        .select(sessions::id)
        .load(conn)?;
    if excess.is_empty() {
        return Ok(0);
    }
    diesel::update(sessions::table.filter(sessions::id.eq_any(excess)))
        .filter(sessions::ended_at.is_null())
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .execute(conn)
}
