//! Registering. Whoever asks for an address learns nothing about it: status, answer and time are the same whether it is
//! new or taken; what differs is the mail, which only its owner reads.
use super::account_mails;
use super::outcome::{AccountError, MailRequestOutcome, RegistrationOutcome};
use super::passwords::AcceptedPassword;
use super::{Accounts, mail_limits};
use crate::config::auth::RegistrationMode;
use crate::crypto::data_key::DataKey;
use crate::db::accounts::{self, AccountRow, NewAccount, credentials, links};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::domain::min_response_time::with_min_response_time;
use crate::mail::kind::MailKind;
use crate::types::account::AccountState;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use secrecy::SecretString;
use serde_json::json;

/// Somebody who registers.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Their name.
    pub name: PersonName,
    /// Their address.
    pub email: Email,
    /// Their password.
    pub password: SecretString,
}

impl Accounts {
    /// Whether anybody may register now.
    pub async fn is_registration_open(&self) -> Result<bool, AccountError> {
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
    pub async fn register(
        &self,
        new: Registration,
        client: &ClientInfo,
    ) -> Result<RegistrationOutcome, AccountError> {
        let password = match AcceptedPassword::check(new.password, &[&new.email], new.name.as_str()) {
            Ok(password) => password,
            Err(error) => return Ok(RegistrationOutcome::Weak(error)),
        };
        let permit = self.0.hashing.permit()?;
        if !self.is_registration_open().await? {
            return Ok(RegistrationOutcome::Closed);
        }
        let admitted = match self.admit_mail(&new.email, client).await? {
            mail_limits::MailAdmission::NetworkLimited(wait) => return Ok(RegistrationOutcome::Wait(wait)),
            // Refused here it would tell apart an address that was asked for before; its owner has mails enough.
            mail_limits::MailAdmission::AddressLimited(_) => false,
            mail_limits::MailAdmission::Allowed => true,
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
        with_min_response_time(work)
            .await
            .map(|()| RegistrationOutcome::Accepted)
    }

    /// Sends the mail again that an account waits for. The link of the older one is void.
    pub async fn resend_mail(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<MailRequestOutcome, AccountError> {
        if let mail_limits::MailAdmission::AddressLimited(wait)
        | mail_limits::MailAdmission::NetworkLimited(wait) = self.admit_mail(&email, client).await?
        {
            return Ok(MailRequestOutcome::Wait(wait));
        }
        let (key, client) = (self.0.key.clone(), client.clone());
        let work = self.0.db.tx("resend", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)? else {
                return Ok(());
            };
            remind(conn, &key, &row)?;
            note(conn, "mail.resent", &row, &client)
        });
        with_min_response_time(work).await?;
        Ok(MailRequestOutcome::Accepted)
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
        credentials::set_password(conn, row.id(), hash)?;
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
        credentials::clear_password(conn, row.id())?;
        links::close_all(conn, row.id())?;
    }
    remind(conn, key, &row)?;
    note(conn, "account.registered_again", &row, client)
}

/// The mail that an account in this state needs to go on. An invited one keeps waiting for its invitation to be
/// accepted: a stranger's password must not come with a role that an administrator gave.
pub(super) fn remind(conn: &mut PgConnection, key: &DataKey, row: &AccountRow) -> QueryResult<()> {
    match account_mails::enqueue_pending_link(conn, key, row)? {
        true => Ok(()),
        false => account_mails::enqueue(conn, MailKind::AlreadyRegistered, row),
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
