//! Registering. Whoever asks for an address learns nothing about it: status, answer and time are the same whether it is
//! new or taken; what differs is the mail, which only its owner reads.
use super::outcome::{Asked, Failed, Registered};
use super::passwords::GoodPassword;
use super::post::{self, Letter};
use super::{Accounts, limits};
use crate::config::auth::RegistrationMode;
use crate::crypto::data_key::DataKey;
use crate::db::accounts::{self, AccountRow, NewAccount};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, links};
use crate::domain::evenly::evenly;
use crate::mail::text::Kind;
use crate::types::account::AccountState;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use secrecy::SecretString;
use serde_json::json;

/// Somebody who registers.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Their name.
    pub name: PersonName,
    /// Their address.
    pub email: Email,
    /// Their password.
    pub password: SecretString,
}

impl Accounts {
    /// Whether anybody may register now.
    pub async fn is_open(&self) -> Result<bool, Failed> {
        match self.0.registration {
            RegistrationMode::Open => Ok(true),
            RegistrationMode::Closed => Ok(false),
            RegistrationMode::FirstAdmin => {
                let has_admin = |conn: &mut _| accounts::has_admin_beside(conn, None);
                Ok(!self.0.db.run("has_admin", has_admin).await?)
            }
        }
    }

    /// Makes an account that waits for its address to be proven.
    pub async fn register(&self, new: Newcomer, client: &ClientInfo) -> Result<Registered, Failed> {
        let password = match GoodPassword::check(new.password, &[&new.email], new.name.as_str()) {
            Ok(password) => password,
            Err(weakness) => return Ok(Registered::Weak(weakness)),
        };
        let permit = self.0.hashing.permit()?;
        if !self.is_open().await? {
            return Ok(Registered::Closed);
        }
        let admitted = match self.admit(&new.email, client).await? {
            limits::Admitted::NetworkWaits(wait) => return Ok(Registered::Wait(wait)),
            // Refused here it would tell apart an address that was asked for before; its owner has mails enough.
            limits::Admitted::AddressWaits(_) => false,
            limits::Admitted::Yes => true,
        };
        let work = async {
            let hash = permit.hash(password.into_secret()).await?;
            let (key, client) = (self.0.key.clone(), client.clone());
            let taken = self.0.db.tx("register", move |conn| match admitted {
                true => register(conn, &key, &new.email, &new.name, hash.as_str(), &client),
                false => Ok(()),
            });
            Ok(taken.await?)
        };
        evenly(work).await.map(|()| Registered::Accepted)
    }

    /// Sends the mail again that an account waits for. The link of the older one is void.
    pub async fn resend(&self, email: Email, client: &ClientInfo) -> Result<Asked, Failed> {
        if let limits::Admitted::AddressWaits(wait) | limits::Admitted::NetworkWaits(wait) =
            self.admit(&email, client).await?
        {
            return Ok(Asked::Wait(wait));
        }
        let (key, client) = (self.0.key.clone(), client.clone());
        let work = self.0.db.tx("resend", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)? else {
                return Ok(());
            };
            remind(conn, &key, &row)?;
            note(conn, "mail.resent", &row, &client)
        });
        evenly(work).await?;
        Ok(Asked::Accepted)
    }
}

fn register(
    conn: &mut PgConnection,
    key: &DataKey,
    email: &Email,
    name: &PersonName,
    hash: &str,
    client: &ClientInfo,
) -> QueryResult<()> {
    let new = NewAccount {
        email,
        name: name.as_str(),
        role: Role::User,
        state: AccountState::Unconfirmed,
    };
    if let Some(row) = accounts::create(conn, &new)? {
        accounts::set_password(conn, row.id(), hash)?;
        remind(conn, key, &row)?;
        return note(conn, "account.registered", &row, client);
    }
    let Some(row) = accounts::lock_by_email(conn, email)? else {
        // Deleted in this very moment. Whoever registers again succeeds.
        return Ok(());
    };
    if row.is(AccountState::Unconfirmed) {
        // Two have registered an address, and one of them may be a stranger: neither password counts, and the links that
        // would make one good are void. Whoever reads the mails chooses a new one.
        accounts::clear_password(conn, row.id())?;
        links::close_all(conn, row.id())?;
    }
    remind(conn, key, &row)?;
    note(conn, "account.registered_again", &row, client)
}

/// The mail that an account in this state needs to go on. An invited one keeps waiting for its invitation to be
/// accepted: a stranger's password must not come with a role that an administrator gave.
pub(super) fn remind(conn: &mut PgConnection, key: &DataKey, row: &AccountRow) -> QueryResult<()> {
    match post::send_awaited(conn, key, row)? {
        true => Ok(()),
        false => post::send(conn, &Letter::to(Kind::AlreadyRegistered, row)),
    }
}

/// An audit event of somebody who is not signed in. Comes last in its transaction.
pub(super) fn note(
    conn: &mut PgConnection,
    action: &'static str,
    row: &AccountRow,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: None,
        action,
        subject: row.id().subject(),
        client,
        detail: json!({ "state": row.state }),
    };
    audit::append(conn, &event)
}
