//! Accounts as administrators change them.

/// Pages of accounts.
pub mod list;

use crate::db::accounts::{self as account_rows, AccountRow};
use crate::db::schema::accounts::accounts;
use crate::types::account::AccountId;
use crate::types::email::Email;
use crate::types::role::Role;
use diesel::dsl::now;
use diesel::prelude::*;

/// New values of an account. `None`: unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'a> {
    /// Address.
    pub email: &'a Email,
    /// Name.
    pub name: Option<&'a str>,
    /// Role.
    pub role: Option<Role>,
}

/// Changes an account. Violates `accounts_email_key` if another account has the address.
pub fn replace(conn: &mut PgConnection, id: AccountId, new: &Replacement<'_>) -> QueryResult<AccountRow> {
    let row = diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::email.eq(new.email.as_str()),
            accounts::email_key.eq(new.email.key()),
            new.name.map(|name| accounts::name.eq(name)),
            new.role.map(|role| accounts::role.eq(role.as_str())),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .returning(AccountRow::as_returning())
        .get_result(conn)?;
    account_rows::refresh_search_key(conn, id)?;
    Ok(row)
}

/// Marks an account as deleted. It can be restored.
pub fn delete(conn: &mut PgConnection, id: AccountId) -> QueryResult<AccountRow> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::deleted_at.eq(now),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .returning(AccountRow::as_returning())
        .get_result(conn)
}

/// The deleted account with this id. Locks the row until the end of the transaction.
pub fn lock_deleted(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find(id.get())
        .filter(accounts::deleted_at.is_not_null())
        .select(AccountRow::as_select())
        .for_no_key_update()
        .first(conn)
        .optional()
}

/// Restores a deleted account. Violates `accounts_email_key` if another account has taken the address.
pub fn restore(conn: &mut PgConnection, id: AccountId) -> QueryResult<AccountRow> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::deleted_at.eq(None::<chrono::DateTime<chrono::Utc>>),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .returning(AccountRow::as_returning())
        .get_result(conn)
}
