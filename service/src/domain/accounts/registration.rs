//! Registration. Status, body and duration of the response are the same whether the address is new or taken; only the
//! mail differs, and only the address's owner reads it.

use super::Accounts;
use super::account_mails;
use super::mail_limits::MailAdmission;
use super::outcome::{AccountError, MailRequestOutcome, RegistrationOutcome};
use super::passwords::AcceptedPassword;
use crate::config::auth::RegistrationMode;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::hashing_places::Requester;
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

/// A registration.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The name.
    pub name: PersonName,
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
}

impl Accounts {
    /// Whether registration is open now.
    pub async fn is_registration_open(&self) -> Result<bool, AccountError> {
        match self.0.registration {
            RegistrationMode::Open => Ok(true),
            RegistrationMode::Closed => Ok(false),
            RegistrationMode::FirstAdmin => {
                let has_admin = |conn: &mut _| accounts::has_other_admin(conn, None);
                Ok(!self.0.db.run("has_admin", has_admin).await?)
            }
        }
    }

    /// Creates an unconfirmed account and mails a confirmation link.
    pub async fn register(
        &self,
        new: Registration,
        client: &ClientInfo,
    ) -> Result<RegistrationOutcome, AccountError> {
        let password = match AcceptedPassword::check(new.password, &[&new.email], new.name.as_str()) {
            Ok(password) => password,
            Err(error) => return Ok(RegistrationOutcome::Weak(error)),
        };
        let attempt = self.0.hashing.start_attempt(client.network())?;
        let permit = attempt.permit(Requester::Unknown)?;
        if !self.is_registration_open().await? {
            return Ok(RegistrationOutcome::Closed);
        }
        let admitted = match self.admit_mail(&new.email, client).await? {
            MailAdmission::NetworkLimited(wait) => return Ok(RegistrationOutcome::Wait(wait)),
            // A rejection here would reveal that the address was used before: the request is accepted without another
            // mail.
            MailAdmission::AddressLimited(_) => false,
            MailAdmission::Allowed => true,
        };
        let work = async {
            let hash = permit.hash(password.into_secret()).await?;
            let (key, client) = (self.0.key.clone(), client.clone());
            let registered = self.0.db.tx("register", move |conn| {
                if !admitted {
                    return Ok(());
                }
                register(conn, &key, &new.email, &new.name, hash.as_str(), &client)
            });
            Ok(registered.await?)
        };
        with_min_response_time(work)
            .await
            .map(|()| RegistrationOutcome::Accepted)
    }

    /// Mails the account's pending link again if the account exists, and voids the older link.
    pub async fn resend_mail(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<MailRequestOutcome, AccountError> {
        if let MailAdmission::AddressLimited(wait) | MailAdmission::NetworkLimited(wait) =
            self.admit_mail(&email, client).await?
        {
            return Ok(MailRequestOutcome::Wait(wait));
        }
        let client = client.clone();
        let send = move |conn: &mut PgConnection, key: &DataKeys, row: &AccountRow| {
            enqueue_next_mail(conn, key, row)?;
            append_event(conn, "mail.resent", row, &client)
        };
        self.mail_if_exists("resend_mail", email, send).await
    }
}

fn register(
    conn: &mut PgConnection,
    key: &DataKeys,
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
        enqueue_next_mail(conn, key, &row)?;
        return append_event(conn, "account.registered", &row, client);
    }
    let Some(row) = accounts::lock_by_email(conn, email)? else {
        // Deleted concurrently; a second attempt succeeds.
        return Ok(());
    };
    if row.is(AccountState::Unconfirmed) {
        // Two clients registered the address, and one of them may not own it: both passwords are discarded and the open
        // links voided. The owner sets a new password through the mail.
        credentials::clear_password(conn, row.id())?;
        links::close_all(conn, row.id())?;
    }
    enqueue_next_mail(conn, key, &row)?;
    append_event(conn, "account.registered_again", &row, client)
}

/// Mails the account's pending link, or that the account is active already. An invited account gets its invitation
/// again: the role that the administrator set must not go to a client's self-chosen password.
pub(super) fn enqueue_next_mail(
    conn: &mut PgConnection,
    key: &DataKeys,
    row: &AccountRow,
) -> QueryResult<()> {
    if account_mails::enqueue_pending_link(conn, key, row)? {
        return Ok(());
    }
    account_mails::enqueue(conn, MailKind::AlreadyRegistered, row)
}

/// Appends an audit event without an authenticated actor. To be called last in its transaction.
pub(super) fn append_event(
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
