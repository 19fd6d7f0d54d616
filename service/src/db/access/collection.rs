//! The hand-over of a login to its owner.

use crate::db::interval::interval;
use crate::db::schema::access::logins;
use crate::types::access::AccessRequestId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Nullable, Timestamptz};
use std::time::Duration;
use uuid::Uuid;

/// After this time the hand-over of a login is abandoned.
const COLLECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// The login of a request that is handed over next.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Collectable {
    /// Id of the login.
    pub id: Uuid,
    /// Name in the database.
    pub name: Option<String>,
    /// The end of the login.
    pub expires_at: DateTime<Utc>,
    /// The sealed wrapping token.
    pub sealed_token: Option<Vec<u8>>,
    /// Whether the wrapping token has ended, or is about to.
    pub is_token_over: Option<bool>,
    /// Whether another call hands it over.
    pub is_being_collected: Option<bool>,
    /// Whether an earlier attempt got no answer, and may have used the wrapping token.
    pub has_lost_attempt: bool,
    /// When it was handed over.
    pub collected_at: Option<DateTime<Utc>>,
}

/// The login of a locked request that is handed over next: the newest that has not ended.
pub fn find_collectable(
    conn: &mut PgConnection,
    request: AccessRequestId,
) -> QueryResult<Option<Collectable>> {
    let soon = now.into_sql::<Timestamptz>() + interval(Duration::from_secs(5)).into_sql::<Interval>();
    let abandoned = now.into_sql::<Timestamptz>() - interval(COLLECTION_TIMEOUT).into_sql::<Interval>();
    logins::table
        .filter(logins::request_id.eq(request.get()))
        .filter(logins::ended_at.is_null())
        .filter(logins::issued_at.is_not_null())
        .filter(logins::expires_at.gt(now.into_sql::<Timestamptz>()))
        .order(logins::claimed_at.desc())
        .select((
            logins::id,
            logins::name,
            logins::expires_at,
            logins::sealed_token,
            logins::token_expires_at.le(soon.nullable()),
            logins::collecting_at.gt(abandoned.nullable()),
            logins::collecting_at.is_not_null(),
            logins::collected_at,
        ))
        .first(conn)
        .optional()
}

/// Begins to hand a login over.
pub fn begin_collection(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::update(logins::table.find(id))
        .set(logins::collecting_at.eq(now.into_sql::<Nullable<Timestamptz>>()))
        .execute(conn)
        .map(drop)
}

/// Gives the hand-over up, so that it can be tried again at once. Its record remains: Vault may have used the wrapping token up before its
/// answer was lost.
pub fn abandon_collection(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    let abandoned = now.into_sql::<Timestamptz>() - interval(COLLECTION_TIMEOUT).into_sql::<Interval>();
    diesel::update(logins::table.find(id).filter(logins::collected_at.is_null()))
        .set(logins::collecting_at.eq(abandoned.nullable()))
        .execute(conn)
        .map(drop)
}

/// Records that a login was handed over. `false`: it has ended meanwhile.
pub fn finish_collection(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let login = logins::table
        .find(id)
        .filter(logins::ended_at.is_null())
        .filter(logins::collected_at.is_null());
    let set = diesel::update(login)
        .set((
            logins::collected_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
            logins::sealed_token.eq(None::<Vec<u8>>),
        ))
        .execute(conn)?;
    Ok(set > 0)
}
