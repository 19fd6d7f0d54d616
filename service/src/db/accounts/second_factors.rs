//! Second factors: secrets of apps, which nobody may list, and recovery codes.
use crate::db::schema::accounts::{accounts, credentials, recovery_codes};
use crate::types::account::AccountId;
use diesel::dsl::now;
use diesel::prelude::*;

/// Holds account and credential until the transaction ends.
pub fn hold(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    accounts::table
        .inner_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(accounts::id.eq(account.get()))
        .select(accounts::id)
        .for_no_key_update()
        .load::<i64>(conn)
        .map(drop)
}

/// Stores the sealed secret of an app that is to be confirmed; `false`: one is confirmed already.
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

/// From now on the second factor counts; `false`: it did before, or there is none to confirm.
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

/// Takes the second factor away, with its recovery codes.
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

/// Takes the code of a time step; `false`: one of that step or of a later one was taken before.
pub fn take_step(conn: &mut PgConnection, account: AccountId, step: i64) -> QueryResult<bool> {
    let taken = diesel::update(credentials::table.find(account.get()))
        .filter(credentials::totp_confirmed_at.is_not_null())
        .filter(
            credentials::totp_last_step
                .is_null()
                .or(credentials::totp_last_step.lt(step)),
        )
        .set(credentials::totp_last_step.eq(step))
        .execute(conn)?;
    Ok(taken > 0)
}

/// Takes a recovery code; `false`: there is none like it, or it was taken before.
pub fn take_recovery_code(
    conn: &mut PgConnection,
    account: AccountId,
    code_hash: &[u8],
) -> QueryResult<bool> {
    let taken = diesel::update(recovery_codes::table.find((account.get(), code_hash)))
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(now))
        .execute(conn)?;
    Ok(taken > 0)
}

/// Stores new recovery codes in the place of all others.
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

/// Whether the second factor counts, and how many recovery codes are left.
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
