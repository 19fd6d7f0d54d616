//! Encrypted second factors, for replacing the key that encrypts them. Includes those of deleted accounts.

use crate::db::schema::accounts::{accounts, credentials};
use crate::types::account::AccountId;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea};

/// The encrypted second factor of an account.
#[derive(QueryableByName)]
pub struct SealedFactor {
    /// Account id.
    #[diesel(sql_type = BigInt)]
    pub account_id: i64,
    /// Encrypted secret.
    #[diesel(sql_type = Bytea)]
    pub sealed: Vec<u8>,
}

/// Raw SQL, because diesel does not support functions in FROM.
const SELECT: &str = "SELECT c.account_id, f.sealed FROM accounts.credentials c \
     CROSS JOIN LATERAL accounts.sealed_factor(c.account_id) AS f (sealed) \
     WHERE f.sealed IS NOT NULL";

/// The next factors after an account, by account id.
pub fn list_after(conn: &mut PgConnection, after: i64, limit: i64) -> QueryResult<Vec<SealedFactor>> {
    let page = format!("{SELECT} AND c.account_id > $1 ORDER BY c.account_id LIMIT $2");
    diesel::sql_query(page)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
}

/// Locks an account and its credentials until the end of the transaction, and finds its factor.
pub fn lock(conn: &mut PgConnection, account: AccountId) -> QueryResult<Option<SealedFactor>> {
    accounts::table
        .inner_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(accounts::id.eq(account.get()))
        .select(accounts::id)
        .for_no_key_update()
        .load::<i64>(conn)?;
    diesel::sql_query(format!("{SELECT} AND c.account_id = $1"))
        .bind::<BigInt, _>(account.get())
        .get_result(conn)
        .optional()
}

/// Replaces the encrypted secret. The second factor itself remains the same.
pub fn replace(conn: &mut PgConnection, account: AccountId, sealed: &[u8]) -> QueryResult<()> {
    diesel::update(credentials::table.find(account.get()))
        .set(credentials::totp_secret.eq(sealed))
        .execute(conn)
        .map(drop)
}
