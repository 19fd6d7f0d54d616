//! Accounts as operators manage them at the command line. Those that they create are active at once: operators are
//! trusted to know the address.

use super::outcome::{AccountError, AddOutcome};
use super::passwords::{PasswordOwner, PasswordPolicy};
use super::protection::Protector;
use crate::crypto::hashing::Hashing;
use crate::db::Db;
use crate::db::accounts::{self, AccountRow, NewAccount, credentials};
use crate::db::audit::{self, Event};
use crate::types::account::AccountState;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use secrecy::SecretString;
use serde_json::json;

/// Accounts read by one statement.
const PAGE_SIZE: i64 = 1000;

/// An account to create.
#[derive(Debug)]
pub struct AccountSpec {
    /// Its address.
    pub email: Email,
    /// Its name.
    pub name: PersonName,
    /// Its role.
    pub role: Role,
    /// Its password.
    pub password: SecretString,
}

/// The operations of operators. Needs none of the service's keys.
pub struct Operators {
    db: Db,
    hashing: Hashing,
}

impl Operators {
    /// Over the accounts login's connections.
    pub fn new(db: Db, hashing: Hashing) -> Self {
        Self { db, hashing }
    }

    /// Creates an active account.
    pub async fn add(
        &self,
        new: AccountSpec,
        passwords: &PasswordPolicy,
        client: &ClientInfo,
    ) -> Result<AddOutcome, AccountError> {
        let owner = PasswordOwner {
            emails: &[&new.email],
            name: new.name.as_str(),
            has_second_factor: false,
        };
        let password = match passwords.check(new.password, &owner).await? {
            Ok(password) => password,
            Err(error) => return Ok(AddOutcome::Weak(error)),
        };
        let hashing = self.hashing.hash(password.into_secret(), client.network());
        let hash = hashing.await?;
        let (email, name, role, client) = (new.email, new.name, new.role, client.clone());
        let added = self.db.tx("add_account", move |conn| {
            accounts::lock_admins(conn)?;
            let new = NewAccount {
                email: &email,
                name: name.as_str(),
                role,
                state: AccountState::Active,
            };
            let Some(row) = accounts::create(conn, &new)? else {
                return Ok(AddOutcome::EmailTaken);
            };
            credentials::set_password(conn, row.id(), hash.as_str())?;
            let event = Event {
                actor: None,
                action: "account.added",
                subject: row.id().subject(),
                client: &client,
                detail: json!({ "role": role.as_str() }),
            };
            audit::append(conn, &event)?;
            Ok(AddOutcome::Created(row.id()))
        });
        Ok(added.await?)
    }

    /// Ends all sessions of an account. `None`: there is no such account.
    pub async fn end_sessions(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<Option<usize>, AccountError> {
        let client = client.clone();
        let ended = self.db.tx("end_account_sessions", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)? else {
                return Ok(None);
            };
            let protector = Protector {
                actor: None,
                client: &client,
            };
            protector.end_sessions(conn, &row).map(Some)
        });
        Ok(ended.await?)
    }

    /// Removes the second factor of an account and ends its sessions. `None`: there is no such account; `false`: it has no
    /// second factor.
    pub async fn remove_second_factor(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<Option<bool>, AccountError> {
        let client = client.clone();
        let removed = self.db.tx("remove_account_second_factor", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)? else {
                return Ok(None);
            };
            let protector = Protector {
                actor: None,
                client: &client,
            };
            protector.remove_second_factor(conn, &row).map(Some)
        });
        Ok(removed.await?)
    }

    /// Lists all accounts that are not deleted, by id; `each` is called with every page.
    pub async fn list_all(&self, mut each: impl FnMut(&[AccountRow])) -> Result<(), AccountError> {
        let mut after = 0;
        loop {
            let list = move |conn: &mut _| accounts::list_after(conn, after, PAGE_SIZE);
            let rows = self.db.run("list_accounts", list).await?;
            each(&rows);
            match rows.last() {
                Some(last) => after = last.id,
                None => return Ok(()),
            }
        }
    }
}
