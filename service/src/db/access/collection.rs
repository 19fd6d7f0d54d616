//! The hand-over of a login to its owner.

use super::logins::{LOGIN_OVERLAP, OUTLIVES};
use crate::db::interval::interval;
use crate::db::schema::access::logins;
use crate::types::access::AccessRequestId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Interval, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::time::Duration;
use uuid::Uuid;

/// After this time the hand-over of a login is abandoned.
const COLLECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// The login of a request that is handed over next.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Collectable {
    /// Id of the login.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Name in the database.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// The end of the login.
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    /// The sealed wrapping token.
    #[diesel(sql_type = Nullable<Binary>)]
    pub sealed_token: Option<Vec<u8>>,
    /// Whether the wrapping token has ended, or is about to.
    #[diesel(sql_type = Nullable<Bool>)]
    pub is_token_over: Option<bool>,
    /// Whether another call hands it over, or its replica has died less than [`COLLECTION_TIMEOUT`] ago.
    #[diesel(sql_type = Nullable<Bool>)]
    pub is_being_collected: Option<bool>,
    /// Whether an earlier attempt got no answer, and may have used the wrapping token.
    #[diesel(sql_type = Bool)]
    pub has_lost_attempt: bool,
    /// When it was handed over.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub collected_at: Option<DateTime<Utc>>,
    /// Whether its end is so near that the next login is due. It is not issued yet, or was lost: it would be found instead.
    #[diesel(sql_type = Bool)]
    pub is_successor_due: bool,
}

/// The login of a locked, approved request that is handed over next: the newest that has not ended.
pub fn find_collectable(
    conn: &mut PgConnection,
    request: AccessRequestId,
) -> QueryResult<Option<Collectable>> {
    let query = format!(
        "SELECT l.id, l.name, l.expires_at, l.sealed_token, l.token_expires_at <= now() + interval '5 seconds' AS is_token_over,
           l.collecting_at > now() - $2 AS is_being_collected, l.collecting_at IS NOT NULL AS has_lost_attempt,
           l.collected_at, NOT {OUTLIVES} AS is_successor_due
         FROM access.logins l JOIN access.requests r ON r.id = l.request_id
         WHERE r.id = $3 AND l.ended_at IS NULL AND l.issued_at IS NOT NULL AND l.expires_at > now()
         ORDER BY l.claimed_at DESC LIMIT 1"
    );
    diesel::sql_query(query)
        .bind::<Interval, _>(interval(LOGIN_OVERLAP))
        .bind::<Interval, _>(interval(COLLECTION_TIMEOUT))
        .bind::<BigInt, _>(request.get())
        .get_result(conn)
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
