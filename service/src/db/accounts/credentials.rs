//! Password hashes and second factors, read for one account at a time, through one database function.

use crate::db::schema::accounts::{accounts, credentials};
use crate::types::account::{AccountId, AccountState};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Nullable, Text, Timestamptz};
use std::fmt;
use uuid::Uuid;

/// An account that is not deleted, with its credentials.
#[derive(Clone, QueryableByName)]
pub struct CredentialRow {
    /// Account id.
    #[diesel(sql_type = BigInt)]
    pub account_id: i64,
    /// Address, as it was entered.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// A role name of `types::role`.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// A state name of `types::account`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// In PHC format. `None`: no password is set.
    #[diesel(sql_type = Nullable<Text>)]
    pub password_hash: Option<String>,
    /// When the password was set.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Encrypted secret of the second factor.
    #[diesel(sql_type = Nullable<Bytea>)]
    pub totp_secret: Option<Vec<u8>>,
    /// Since when the second factor is active.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub totp_confirmed_at: Option<DateTime<Utc>>,
    /// When its set-up was started.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub totp_started_at: Option<DateTime<Utc>>,
    /// The session that started the set-up.
    #[diesel(sql_type = Nullable<diesel::sql_types::Uuid>)]
    pub totp_session_id: Option<Uuid>,
}

impl fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRow")
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

/// Raw SQL, because diesel does not support functions in FROM.
const SELECT: &str = "SELECT c.account_id, a.email, a.name, a.role, a.state, c.password_hash, p.password_changed_at, \
     c.totp_secret, c.totp_confirmed_at, p.totp_started_at, p.totp_session_id \
     FROM accounts.credential_for($1, $2) c \
     JOIN accounts.accounts a ON a.id = c.account_id \
     JOIN accounts.credentials p ON p.account_id = c.account_id";

/// Finds the credentials by address, in its form for comparison.
pub fn find_by_email(conn: &mut PgConnection, email_key: &str) -> QueryResult<Option<CredentialRow>> {
    find(conn, Some(email_key), None)
}

/// Finds the credentials by account id.
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

/// When the credentials of an account were last changed. Identifies their version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct CredentialDates {
    /// Change of the password.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Activation of the second factor. `None`: it is not active.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
}

/// The dates of an account.
pub fn load_dates(conn: &mut PgConnection, id: AccountId) -> QueryResult<CredentialDates> {
    let dates = credentials::table
        .find(id.get())
        .select((credentials::password_changed_at, credentials::totp_confirmed_at))
        .first(conn)
        .optional()?;
    Ok(dates.unwrap_or_default())
}

/// Current address and role of a locked account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LockedAccount {
    /// Address, as it was entered.
    pub email: String,
    /// A role name of `types::role`.
    pub role: String,
}

/// Locks an account and its credentials until the end of the transaction. `None`: the account is not active any more, or
/// its credentials have changed since `dates`. Concurrent changes of the credentials wait, and then see what this
/// transaction has created. Lock order everywhere: account, credentials, sessions, throttles, audit.
pub fn lock(
    conn: &mut PgConnection,
    id: AccountId,
    dates: CredentialDates,
) -> QueryResult<Option<LockedAccount>> {
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

/// Stores a new hash of the same password, unless the password has been changed.
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

/// Removes the password: logins fail until a mailed link sets a new one.
pub fn clear_password(conn: &mut PgConnection, id: AccountId) -> QueryResult<()> {
    diesel::update(credentials::table.find(id.get()))
        .set((
            credentials::password_hash.eq(None::<String>),
            credentials::password_changed_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .map(drop)
}
