//! Accounts: the rows, and the changes that owners, administrators and operators share.

/// Password hashes and second factors, read for one account at a time.
pub mod credentials;

/// Mailed links.
pub mod links;

/// Changes of second factors and recovery codes.
pub mod second_factors;

use crate::db::schema::accounts::accounts;
use crate::types::account::{AccountId, AccountState};
use crate::types::email::Email;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

diesel::define_sql_function! {
    /// Holds a lock of this number until the transaction ends.
    fn pg_advisory_xact_lock(number: BigInt);
}

/// The number of the lock of [`lock_admins`]; any number that nobody else uses.
const ADMINS: i64 = 7_261_621;

/// An account, without anything that proves who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    /// Number.
    pub id: i64,
    /// The address, as it was given.
    pub email: String,
    /// Name; empty where none was given.
    pub name: String,
    /// A word of `types::role`.
    pub role: String,
    /// A word of `types::account`.
    pub state: String,
    /// Rises with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the address was proven.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl AccountRow {
    /// Its number.
    pub fn id(&self) -> AccountId {
        AccountId::of(self.id)
    }

    /// Whether it is in this state.
    pub fn is(&self, state: AccountState) -> bool {
        self.state == state.as_str()
    }
}

/// An account that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Its address.
    pub email: &'a Email,
    /// Its name; may be empty.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// Its state.
    pub state: AccountState,
}

/// Makes an account; `None`: a living one has the address. Waits for whoever is making one of the same address.
pub fn create(conn: &mut PgConnection, new: &NewAccount<'_>) -> QueryResult<Option<AccountRow>> {
    let row = (
        accounts::email.eq(new.email.as_str()),
        accounts::email_key.eq(new.email.key()),
        accounts::name.eq(new.name),
        accounts::role.eq(new.role.as_str()),
        accounts::state.eq(new.state.as_str()),
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

/// The living account of this number.
pub fn find(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(accounts::id.eq(id.get()).and(accounts::deleted_at.is_null()))
        .select(AccountRow::as_select())
        .first(conn)
        .optional()
}

/// The living account of this address.
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

/// The living account of this number, kept from changing until the transaction ends.
pub fn lock(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(accounts::id.eq(id.get()).and(accounts::deleted_at.is_null()))
        .select(AccountRow::as_select())
        .for_update()
        .first(conn)
        .optional()
}

/// The living account of this address, kept from changing until the transaction ends.
pub fn lock_by_email(conn: &mut PgConnection, email: &Email) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(
            accounts::email_key
                .eq(email.key())
                .and(accounts::deleted_at.is_null()),
        )
        .select(AccountRow::as_select())
        .for_update()
        .first(conn)
        .optional()
}

/// Living accounts by number, after this one.
pub fn list_after(conn: &mut PgConnection, after: i64, limit: i64) -> QueryResult<Vec<AccountRow>> {
    accounts::table
        .filter(accounts::id.gt(after).and(accounts::deleted_at.is_null()))
        .order(accounts::id)
        .limit(limit)
        .select(AccountRow::as_select())
        .load(conn)
}

/// Gives an account a name.
pub fn set_name(conn: &mut PgConnection, id: AccountId, name: &str) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::name.eq(name),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Gives an account an address; `accounts_email_key` refuses one that another living account has.
pub fn set_email(conn: &mut PgConnection, id: AccountId, email: &Email) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.get()))
        .set((
            accounts::email.eq(email.as_str()),
            accounts::email_key.eq(email.key()),
            accounts::version.eq(accounts::version + 1),
            accounts::updated_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// From now on its owner may sign in, in this role.
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

/// Lets one transaction at a time decide who is an administrator. Taken before any row is locked, by whoever makes the
/// first one, deletes one or takes the role away.
pub fn lock_admins(conn: &mut PgConnection) -> QueryResult<()> {
    select(pg_advisory_xact_lock(ADMINS)).execute(conn).map(drop)
}

/// Whether there is an administrator who may sign in, other than this account.
pub fn has_admin_beside(conn: &mut PgConnection, id: Option<AccountId>) -> QueryResult<bool> {
    select(exists(
        accounts::table
            .filter(accounts::role.eq(Role::Admin.as_str()))
            .filter(accounts::state.eq(AccountState::Active.as_str()))
            .filter(accounts::deleted_at.is_null())
            .filter(accounts::id.ne(id.map_or(0, AccountId::get))),
    ))
    .get_result(conn)
}
