//! Changes of second factors and recovery codes.

use crate::db::schema::accounts::{accounts, credentials, recovery_codes};
use crate::types::account::AccountId;
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;

/// The result of consuming a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeConsumption {
    /// It is used from now on.
    Consumed,
    /// It was used before; for a time step also: a later one was.
    UsedBefore,
    /// The account has no such code.
    Unknown,
}

/// Locks the account and its credentials until the end of the transaction.
pub fn lock(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    accounts::table
        .inner_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(accounts::id.eq(account.get()))
        .select(accounts::id)
        .for_no_key_update()
        .load::<i64>(conn)
        .map(drop)
}

/// Stores an encrypted secret to be confirmed. `false`: the second factor is already active.
pub fn start(conn: &mut PgConnection, account: AccountId, sealed: &[u8]) -> QueryResult<bool> {
    let started = diesel::update(credentials::table.find(account.get()))
        .filter(credentials::totp_confirmed_at.is_null())
        .set((
            credentials::totp_secret.eq(sealed),
            credentials::totp_last_step.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(started > 0)
}

/// Activates the second factor. `false`: it is already active, or there is none to confirm.
pub fn confirm(conn: &mut PgConnection, account: AccountId, step: i64) -> QueryResult<bool> {
    let confirmed = diesel::update(credentials::table.find(account.get()))
        .filter(credentials::totp_confirmed_at.is_null())
        .set((
            credentials::totp_confirmed_at.eq(now),
            credentials::totp_last_step.eq(step),
        ))
        .execute(conn)?;
    Ok(confirmed > 0)
}

/// Removes the second factor and its recovery codes.
pub fn remove(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::update(credentials::table.find(account.get()))
        .set((
            credentials::totp_secret.eq(None::<Vec<u8>>),
            credentials::totp_confirmed_at.eq(None::<chrono::DateTime<chrono::Utc>>),
            credentials::totp_last_step.eq(None::<i64>),
        ))
        .execute(conn)?;
    store_recovery_codes(conn, account, &[])
}

/// Consumes the code of a time step, unless this or a later step was consumed before.
pub fn consume_step(conn: &mut PgConnection, account: AccountId, step: i64) -> QueryResult<CodeConsumption> {
    let consumed = diesel::update(credentials::table.find(account.get()))
        .filter(credentials::totp_confirmed_at.is_not_null())
        .filter(
            credentials::totp_last_step
                .is_null()
                .or(credentials::totp_last_step.lt(step)),
        )
        .set(credentials::totp_last_step.eq(step))
        .execute(conn)?;
    Ok(if consumed > 0 {
        CodeConsumption::Consumed
    } else {
        CodeConsumption::UsedBefore
    })
}

/// Consumes a recovery code.
pub fn consume_recovery_code(
    conn: &mut PgConnection,
    account: AccountId,
    code_hash: &[u8],
) -> QueryResult<CodeConsumption> {
    let code = recovery_codes::table.find((account.get(), code_hash));
    let consumed = diesel::update(code)
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(now))
        .execute(conn)?;
    if consumed > 0 {
        return Ok(CodeConsumption::Consumed);
    }
    Ok(if select(exists(code)).get_result(conn)? {
        CodeConsumption::UsedBefore
    } else {
        CodeConsumption::Unknown
    })
}

/// Replaces all recovery codes.
pub fn store_recovery_codes(
    conn: &mut PgConnection,
    account: AccountId,
    hashes: &[&[u8]],
) -> QueryResult<()> {
    let own = recovery_codes::account_id.eq(account.get());
    diesel::delete(recovery_codes::table.filter(own)).execute(conn)?;
    let rows: Vec<_> = hashes
        .iter()
        .map(|hash| (own, recovery_codes::code_hash.eq(*hash)))
        .collect();
    diesel::insert_into(recovery_codes::table)
        .values(rows)
        .execute(conn)
        .map(drop)
}

/// Whether the second factor is active, and the number of unused recovery codes.
pub fn state(conn: &mut PgConnection, account: AccountId) -> QueryResult<(bool, i64)> {
    let confirmed: Option<bool> = credentials::table
        .find(account.get())
        .select(credentials::totp_confirmed_at.is_not_null())
        .first(conn)
        .optional()?;
    let left = recovery_codes::table
        .filter(recovery_codes::account_id.eq(account.get()))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(conn)?;
    Ok((confirmed.unwrap_or(false), left))
}
