//! Sessions: who is signed in.
use super::Db;
use super::error::DbError;
use super::gather::Gather;
use super::schema::accounts::accounts;
use super::schema::sessions::sessions;
use diesel::dsl::now;
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

/// A session that has not ended, of an account that may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ActiveRow {
    /// The session.
    pub session_id: Uuid,
    /// The account.
    pub account_id: i64,
    /// The account's address.
    pub email: String,
    /// The account's name.
    pub name: String,
    /// The account's role, now.
    pub role: String,
}

/// Look-ups of sessions that wait.
pub type ActiveGather = Gather<Uuid, Option<ActiveRow>>;

/// The session of this id, if it has not ended.
pub async fn find_active(db: &Db, gather: &ActiveGather, id: Uuid) -> Result<Option<ActiveRow>, DbError> {
    db.gathered("find_active_session", gather, id, |conn, ids| {
        let wanted: Vec<Uuid> = ids.iter().map(|id| **id).collect();
        let rows: Vec<ActiveRow> = sessions::table
            .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
            .filter(sessions::id.eq_any(&wanted))
            .filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)))
            .filter(accounts::deleted_at.is_null().and(accounts::state.eq("active")))
            .select((
                sessions::id,
                accounts::id,
                accounts::email,
                accounts::name,
                accounts::role,
            ))
            .load(conn)?;
        let found: HashMap<Uuid, ActiveRow> = rows.into_iter().map(|row| (row.session_id, row)).collect();
        Ok(wanted.iter().map(|id| found.get(id).cloned()).collect())
    })
    .await
}
