//! Mailed links. Only the hash of a link's token is stored.

use crate::crypto::tokens::TokenHash;
use crate::db::accounts;
use crate::db::schema::accounts::links;
use crate::types::account::AccountId;
use crate::types::link::LinkPurpose;
use chrono::{DateTime, Utc};
use diesel::dsl::{IntervalDsl, now};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

/// A link to be mailed.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// Random id, from which the token is derived.
    pub id: Uuid,
    /// Hash of the token.
    pub token_hash: TokenHash,
    /// Account.
    pub account: AccountId,
    /// LinkPurpose.
    pub purpose: LinkPurpose,
    /// The new address, for [`LinkPurpose::ChangeEmail`]; the former one, for [`LinkPurpose::UndoEmail`].
    pub email: Option<&'a str>,
    /// Lifetime in seconds.
    pub ttl_seconds: i64,
}

/// A valid link.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LinkRow {
    /// Id.
    pub id: Uuid,
    /// Account id.
    pub account_id: i64,
    /// The new address, for [`LinkPurpose::ChangeEmail`]; the former one, for [`LinkPurpose::UndoEmail`].
    pub email: Option<String>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// Creates a link and closes older ones of the same purpose. Returns its expiry.
pub fn create(conn: &mut PgConnection, new: &NewLink<'_>) -> QueryResult<DateTime<Utc>> {
    close_for_purpose(conn, new.account, new.purpose)?;
    add(conn, new)
}

/// Creates a link beside older ones of the same purpose. Returns its expiry.
pub fn add(conn: &mut PgConnection, new: &NewLink<'_>) -> QueryResult<DateTime<Utc>> {
    let expires_at = now.into_sql::<Timestamptz>() + new.ttl_seconds.seconds();
    diesel::insert_into(links::table)
        .values((
            links::id.eq(new.id),
            links::token_hash.eq(new.token_hash.bytes()),
            links::account_id.eq(new.account.get()),
            links::purpose.eq(new.purpose.as_str()),
            links::email.eq(new.email),
            links::expires_at.eq(expires_at),
        ))
        .returning(links::expires_at)
        .get_result(conn)
}

/// The link with this token, if it is valid. Does not consume it.
pub fn find(conn: &mut PgConnection, purpose: LinkPurpose, token: TokenHash) -> QueryResult<Option<LinkRow>> {
    links::table
        .filter(links::token_hash.eq(token.bytes()))
        .filter(links::purpose.eq(purpose.as_str()))
        .filter(links::closed_at.is_null().and(links::expires_at.gt(now)))
        .select((links::id, links::account_id, links::email, links::created_at))
        .first(conn)
        .optional()
}

/// Consumes the link with this token. `None`: it is invalid, or was consumed concurrently. Locks the account first, as
/// every change of an account does before it closes links: another order could deadlock.
pub fn close(
    conn: &mut PgConnection,
    purpose: LinkPurpose,
    token: TokenHash,
) -> QueryResult<Option<LinkRow>> {
    let Some(link) = find(conn, purpose, token)? else {
        return Ok(None);
    };
    accounts::lock(conn, AccountId::of(link.account_id))?;
    let usable = links::table
        .filter(links::token_hash.eq(token.bytes()))
        .filter(links::purpose.eq(purpose.as_str()))
        .filter(links::closed_at.is_null().and(links::expires_at.gt(now)));
    diesel::update(usable)
        .set(links::closed_at.eq(now))
        .returning((links::id, links::account_id, links::email, links::created_at))
        .get_result(conn)
        .optional()
}

/// Closes the open links of an account with this purpose.
pub fn close_for_purpose(
    conn: &mut PgConnection,
    account: AccountId,
    purpose: LinkPurpose,
) -> QueryResult<()> {
    diesel::update(links::table.filter(links::account_id.eq(account.get())))
        .filter(links::purpose.eq(purpose.as_str()))
        .filter(links::closed_at.is_null())
        .set(links::closed_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Closes all open links of an account, except those that restore a former address: an intruder who changes the address and
/// then the password must not void them.
pub fn close_all(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::update(links::table.filter(links::account_id.eq(account.get())))
        .filter(links::purpose.ne(LinkPurpose::UndoEmail.as_str()))
        .filter(links::closed_at.is_null())
        .set(links::closed_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Closes the open links of an account that restore an address which it had after this time.
pub fn close_undo_since(
    conn: &mut PgConnection,
    account: AccountId,
    since: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(links::table.filter(links::account_id.eq(account.get())))
        .filter(links::purpose.eq(LinkPurpose::UndoEmail.as_str()))
        .filter(links::created_at.ge(since).and(links::closed_at.is_null()))
        .set(links::closed_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// The new address of an account that is not confirmed yet.
pub fn find_pending_email(conn: &mut PgConnection, account: AccountId) -> QueryResult<Option<String>> {
    links::table
        .filter(links::account_id.eq(account.get()))
        .filter(links::purpose.eq(LinkPurpose::ChangeEmail.as_str()))
        .filter(links::closed_at.is_null().and(links::expires_at.gt(now)))
        .select(links::email)
        .first::<Option<String>>(conn)
        .optional()
        .map(Option::flatten)
}
