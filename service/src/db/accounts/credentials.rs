//! What proves who somebody is: read for one account at a time, through one function.
use crate::db::schema::accounts::{accounts, credentials};
use crate::types::account::{AccountId, AccountState};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Nullable, Text, Timestamptz};
use std::fmt;

/// A living account with what proves that somebody is its owner.
#[derive(Clone, QueryableByName)]
pub struct CredentialRow {
    /// The account's number.
    #[diesel(sql_type = BigInt)]
    pub account_id: i64,
    /// Its address, as it was given.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// A word of `types::role`.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// A word of `types::account`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// In PHC form; `None`: there is no password yet.
    #[diesel(sql_type = Nullable<Text>)]
    pub password_hash: Option<String>,
    /// When the password was given.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Sealed.
    #[diesel(sql_type = Nullable<Bytea>)]
    pub totp_secret: Option<Vec<u8>>,
    /// Since when the second factor counts.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub totp_confirmed_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRow")
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

/// What stands before both conditions. By hand: diesel has no words for a function in FROM.
const SELECT: &str = "SELECT c.account_id, a.email, a.name, a.role, a.state, c.password_hash, p.password_changed_at, \
     c.totp_secret, c.totp_confirmed_at \
     FROM accounts.credential_for($1, $2) c \
     JOIN accounts.accounts a ON a.id = c.account_id \
     JOIN accounts.credentials p ON p.account_id = c.account_id";

/// By address, as it is compared.
pub fn find_by_email(conn: &mut PgConnection, email_key: &str) -> QueryResult<Option<CredentialRow>> {
    find(conn, Some(email_key), None)
}

/// By number.
pub fn find_by_id(conn: &mut PgConnection, id: i64) -> QueryResult<Option<CredentialRow>> {
    find(conn, None, Some(id))
}

fn find(
    conn: &mut PgConnection,
    email_key: Option<&str>,
    id: Option<i64>,
) -> QueryResult<Option<CredentialRow>> {
    diesel::sql_query(SELECT)
        .bind::<Nullable<Text>, _>(email_key)
        .bind::<Nullable<BigInt>, _>(id)
        .get_result(conn)
        .optional()
}

/// When what proves who somebody is was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Dates {
    /// The password.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// The second factor; `None`: there is none that counts.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
}

/// The dates of an account.
pub fn find_dates(conn: &mut PgConnection, id: AccountId) -> QueryResult<Dates> {
    let dates = credentials::table
        .find(id.get())
        .select((credentials::password_changed_at, credentials::totp_confirmed_at))
        .first(conn)
        .optional()?;
    Ok(dates.unwrap_or_default())
}

/// What an account that is held is called by, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Held {
    /// Its address, as it was given.
    pub email: String,
    /// A word of `types::role`.
    pub role: String,
}

/// The account, if it may still sign in and what proves who its owner is still is of these times. Holds both rows until the
/// transaction ends: whoever changes password or second factor waits, and then finds whatever this transaction has begun. Account
/// first, then credential, then sessions, throttles, audit: the order in which everybody locks.
pub fn hold(conn: &mut PgConnection, id: AccountId, dates: Dates) -> QueryResult<Option<Held>> {
    accounts::table
        .inner_join(credentials::table.on(credentials::account_id.eq(accounts::id)))
        .filter(accounts::id.eq(id.get()))
        .filter(accounts::deleted_at.is_null())
        .filter(accounts::state.eq(AccountState::Active.as_str()))
        .filter(credentials::password_changed_at.is_not_distinct_from(dates.password_changed_at))
        .filter(credentials::totp_confirmed_at.is_not_distinct_from(dates.totp_confirmed_at))
        .select((accounts::email, accounts::role))
        .for_no_key_update()
        .first(conn)
        .optional()
}

/// Stores the same password's new hash, unless the password was changed meanwhile.
pub fn rehash(
    conn: &mut PgConnection,
    id: i64,
    password_changed_at: Option<DateTime<Utc>>,
    hash: &str,
) -> QueryResult<()> {
    diesel::update(credentials::table.find(id))
        .filter(credentials::password_changed_at.is_not_distinct_from(password_changed_at))
        .set(credentials::password_hash.eq(hash))
        .execute(conn)
        .map(drop)
}

/// Sets the password hash of an account.
pub fn set_password(conn: &mut PgConnection, id: AccountId, hash: &str) -> QueryResult<()> {
    let changed = (
        credentials::password_hash.eq(hash),
        credentials::password_changed_at.eq(now),
    );
    diesel::insert_into(credentials::table)
        .values((credentials::account_id.eq(id.get()), changed))
        .on_conflict(credentials::account_id)
        .do_update()
        .set(changed)
        .execute(conn)
        .map(drop)
}

/// Removes the password: log-ins fail until a mailed link sets a new one.
pub fn clear_password(conn: &mut PgConnection, id: AccountId) -> QueryResult<()> {
    diesel::update(credentials::table.find(id.get()))
        .set((
            credentials::password_hash.eq(None::<String>),
            credentials::password_changed_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .map(drop)
}
