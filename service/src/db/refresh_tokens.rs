//! Refresh tokens: the family of each `api` session.
use super::schema::sessions::refresh_tokens;
use diesel::prelude::*;
use uuid::Uuid;

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
