//! Accounts: their rows, and the changes that owners, administrators and operators share.

/// Password hashes and second factors, read for one account at a time.
pub mod credentials;

/// Mailed links.
pub mod links;

/// Encrypted second factors, for replacing their key.
pub mod sealed_factors;

/// Changes of second factors and recovery codes.
pub mod second_factors;

use crate::db::interval::interval;
use crate::db::schema::accounts::{accounts, admins_lock};
use crate::types::account::{AccountId, AccountState};
use crate::types::email::Email;
use crate::types::page_row::{PageRow, json_bytes};
use crate::types::role::Role;
use crate::types::search_key::stored_key;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Interval};
use std::time::Duration;

/// An account, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    /// Id.
    pub id: i64,
    /// Address, as it was entered.
    pub email: String,
    /// Name; may be empty.
    pub name: String,
    /// A role name of `types::role`.
    pub role: String,
    /// A state name of `types::account`.
    pub state: String,
    /// Incremented by every change.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
    /// When the address was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl PageRow for AccountRow {
    fn text_bytes(&self) -> usize {
        json_bytes(&self.email) + json_bytes(&self.name)
    }
}

impl AccountRow {
    /// Its id.
    pub fn id(&self) -> AccountId {
        AccountId::of(self.id)
    }

    /// Whether the account is in this state.
    pub fn is(&self, state: AccountState) -> bool {
        self.state == state.as_str()
    }
}

/// An account to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Address.
    pub email: &'a Email,
    /// Name; may be empty.
    pub name: &'a str,
    /// Role.
    pub role: Role,
    /// State.
    pub state: AccountState,
}

diesel::define_sql_function! {
    /// Deletes accounts for good that were deleted at least this long ago.
    #[sql_name = "accounts.purge_deleted"]
    fn purge_deleted_accounts(age: Interval, max_rows: Integer) -> BigInt;
}

/// Deletes up to `limit` accounts for good that were deleted at least `age` ago. Returns their ids.
pub fn purge_deleted(conn: &mut PgConnection, age: Duration, limit: i32) -> QueryResult<Vec<i64>> {
    diesel::select(purge_deleted_accounts(interval(age), limit)).load(conn)
}

/// Creates an account. `None`: another account has the address. Waits for concurrent transactions that create an account
/// with the same address.
pub fn create(conn: &mut PgConnection, new: &NewAccount<'_>) -> QueryResult<Option<AccountRow>> {
    let row = (
        accounts::email.eq(new.email.as_str()),
        accounts::email_key.eq(new.email.key()),
        accounts::name.eq(new.name),
        accounts::role.eq(new.role.as_str()),
        accounts::state.eq(new.state.as_str()),
        accounts::search_key.eq(stored_key(&[new.email.key(), new.name])),
    );
    let insert = diesel::insert_into(accounts::table);
    let row_of = AccountRow::as_returning();
    match new.state {
        AccountState::Active => insert
            .values((row, accounts::confirmed_at.eq(now)))
            .on_conflict_do_nothing()
            .returning(row_of)
            .get_result(conn)
            .optional(),
        AccountState::Invited | AccountState::Unconfirmed => insert
            .values(row)
            .on_conflict_do_nothing()
            .returning(row_of)
            .get_result(conn)
            .optional(),
    }
}

/// The account with this id, unless deleted.
pub fn find(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(accounts::id.eq(id.get()).and(accounts::deleted_at.is_null()))
        .select(AccountRow::as_select())
        .first(conn)
        .optional()
}

/// The account with this address, unless deleted.
pub fn find_by_email(conn: &mut PgConnection, email: &Email) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(
            accounts::email_key
                .eq(email.key())
                .and(accounts::deleted_at.is_null()),
        )
        .select(AccountRow::as_select())
        .first(conn)
        .optional()
}

/// The account with this id, unless deleted. Locks the row until the end of the transaction: against changes, not
/// against references to it, since the login of wishes may hold such a reference.
pub fn lock(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(accounts::id.eq(id.get()).and(accounts::deleted_at.is_null()))
        .select(AccountRow::as_select())
        .for_no_key_update()
        .first(conn)
        .optional()
}

/// The account with this address, unless deleted. Locks the row like [`lock`].
pub fn lock_by_email(conn: &mut PgConnection, email: &Email) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(
            accounts::email_key
                .eq(email.key())
                .and(accounts::deleted_at.is_null()),
        )
        .select(AccountRow::as_select())
        .for_no_key_update()
        .first(conn)
        .optional()
}

/// Accounts that are not deleted, in order of their ids, starting behind `after`.
pub fn list_after(conn: &mut PgConnection, after: i64, limit: i64) -> QueryResult<Vec<AccountRow>> {
    accounts::table
        .filter(accounts::id.gt(after).and(accounts::deleted_at.is_null()))
        .order(accounts::id)
        .limit(limit)
        .select(AccountRow::as_select())
        .load(conn)
}

/// Changes the name.
pub fn set_name(conn: &mut PgConnection, id: AccountId, name: &str) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::name.eq(name),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .execute(conn)?;
    refresh_search_key(conn, id)
}

/// Changes the address. Violates `accounts_email_key` if another account has it.
pub fn set_email(conn: &mut PgConnection, id: AccountId, email: &Email) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::email.eq(email.as_str()),
            accounts::email_key.eq(email.key()),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .execute(conn)?;
    refresh_search_key(conn, id)
}

/// Stores the search key of an account whose address or name has changed.
pub fn refresh_search_key(conn: &mut PgConnection, id: AccountId) -> QueryResult<()> {
    let (email_key, name): (String, String) = accounts::table
        .find(id.get())
        .select((accounts::email_key, accounts::name))
        .first(conn)?;
    diesel::update(accounts::table.find(id.get()))
        .set(accounts::search_key.eq(stored_key(&[&email_key, &name])))
        .execute(conn)
        .map(drop)
}

/// Activates an account, with this role.
pub fn activate(conn: &mut PgConnection, id: AccountId, role: Role) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::state.eq(AccountState::Active.as_str()),
            accounts::confirmed_at.eq(now),
            accounts::role.eq(role.as_str()),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// The active accounts with one of these roles.
pub fn list_active(conn: &mut PgConnection, roles: &[Role]) -> QueryResult<Vec<AccountRow>> {
    accounts::table
        .filter(accounts::role.eq_any(roles.iter().map(|role| role.as_str())))
        .filter(accounts::state.eq(AccountState::Active.as_str()))
        .filter(accounts::deleted_at.is_null())
        .order(accounts::id)
        .select(AccountRow::as_select())
        .load(conn)
}

/// Serializes transactions that create the first administrator, delete one or revoke the role. Must be called before any
/// row is locked.
pub fn lock_admins(conn: &mut PgConnection) -> QueryResult<()> {
    admins_lock::table
        .select(admins_lock::single)
        .for_update()
        .first::<bool>(conn)
        .map(drop)
}

/// Whether another account is an active administrator.
pub fn has_other_admin(conn: &mut PgConnection, id: Option<AccountId>) -> QueryResult<bool> {
    select(exists(
        accounts::table
            .filter(accounts::role.eq(Role::Admin.as_str()))
            .filter(accounts::state.eq(AccountState::Active.as_str()))
            .filter(accounts::deleted_at.is_null())
            .filter(accounts::id.ne(id.map_or(0, AccountId::get))),
    ))
    .get_result(conn)
}
