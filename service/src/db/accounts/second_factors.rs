//! Changes of second factors and recovery codes.

use crate::db::schema::accounts::{accounts, credentials, recovery_codes};
use crate::types::account::AccountId;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

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

/// Stores an encrypted secret to be confirmed in this session. `false`: the second factor is already active.
pub fn start(conn: &mut PgConnection, account: AccountId, session: Uuid, sealed: &[u8]) -> QueryResult<bool> {
    let started = diesel::update(credentials::table.find(account.get()))
        .filter(credentials::totp_confirmed_at.is_null())
        .set((
            credentials::totp_secret.eq(sealed),
            credentials::totp_started_at.eq(now),
            credentials::totp_session_id.eq(session),
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
            credentials::wrong_codes.eq(0),
            credentials::codes_blocked_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)?;
    Ok(confirmed > 0)
}

/// Removes the second factor and its recovery codes.
pub fn remove(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::update(credentials::table.find(account.get()))
        .set((
            credentials::totp_secret.eq(None::<Vec<u8>>),
            credentials::totp_confirmed_at.eq(None::<DateTime<Utc>>),
            credentials::totp_last_step.eq(None::<i64>),
        ))
        .execute(conn)?;
    store_recovery_codes(conn, account, &[])
}

/// Wrong codes of an account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct WrongCodes {
    /// Their number since the last right one.
    pub count: i32,
    /// No code is verified until then.
    pub blocked_until: Option<DateTime<Utc>>,
    /// Current time of the database.
    pub now: DateTime<Utc>,
}

/// The wrong codes of an account. Locks them until the end of the transaction, so that each of many concurrent guesses
/// sees the previous ones.
pub fn lock_wrong_codes(conn: &mut PgConnection, account: AccountId) -> QueryResult<WrongCodes> {
    credentials::table
        .find(account.get())
        .select((
            credentials::wrong_codes,
            credentials::codes_blocked_until,
            now.into_sql::<Timestamptz>(),
        ))
        .for_no_key_update()
        .first(conn)
}

/// Stores the number of wrong codes and the end of a delay.
pub fn store_wrong_codes(
    conn: &mut PgConnection,
    account: AccountId,
    count: i32,
    blocked_until: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    diesel::update(credentials::table.find(account.get()))
        .set((
            credentials::wrong_codes.eq(count),
            credentials::codes_blocked_until.eq(blocked_until),
        ))
        .execute(conn)
        .map(drop)
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
