//! Registration. Status, body and duration of the response are the same whether the address is new or taken; only the
//! mail differs, and only the address's owner reads it.

use super::Accounts;
use super::account_mails;
use super::mail_limits::MailAdmission;
use super::outcome::{AccountError, MailRequestOutcome, RegistrationOutcome};
use super::passwords::PasswordOwner;
use crate::config::auth::RegistrationMode;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::hashing::Permit;
use crate::crypto::hashing_places::Requester;
use crate::crypto::password_hash::{PasswordHash, Verified};
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
use chrono::{DateTime, Utc};
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

/// How often a registration is repeated when the account changes meanwhile. Concurrent ones of one address need two.
const MAX_ATTEMPTS: u32 = 4;

/// A registration's password, compared with that of an account that is not confirmed yet.
enum CheckedPassword {
    /// There was none to compare with; this is its hash.
    New(PasswordHash),
    /// It is the stored one, which was set at this time.
    Same(Option<DateTime<Utc>>),
    /// It differs from the stored one, which was set at this time.
    Other(Option<DateTime<Utc>>),
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
        let owner = PasswordOwner {
            emails: &[&new.email],
            name: new.name.as_str(),
            has_second_factor: false,
        };
        let password = match self.0.passwords.check(new.password, &owner).await? {
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
        let client = client.clone();
        let work = async {
            if admitted {
                self.store_registration(new.name, new.email, password.into_secret(), permit, client)
                    .await
            } else {
                permit.hash(password.into_secret()).await?;
                Ok(())
            }
        };
        with_min_response_time(work)
            .await
            .map(|()| RegistrationOutcome::Accepted)
    }

    /// Compares the password with that of an earlier registration, or hashes it, which takes the same time, and stores
    /// the registration.
    async fn store_registration(
        &self,
        name: PersonName,
        email: Email,
        password: SecretString,
        permit: Permit,
        client: ClientInfo,
    ) -> Result<(), AccountError> {
        let mut permit = Some(permit);
        for _ in 0..MAX_ATTEMPTS {
            let permit = match permit.take() {
                Some(permit) => permit,
                None => self
                    .0
                    .hashing
                    .start_attempt(client.network())?
                    .permit(Requester::Unknown)?,
            };
            let key = email.key().to_owned();
            let find = move |conn: &mut PgConnection| credentials::find_by_email(conn, &key);
            let existing = self.0.db.run("find_registration", find).await?;
            let existing = existing.filter(|row| row.state == AccountState::Unconfirmed.as_str());
            let stored = existing.and_then(|row| Some((row.password_hash?, row.password_changed_at)));
            let checked = match stored {
                None => CheckedPassword::New(permit.hash(password.clone()).await?),
                Some((hash, changed_at)) => {
                    let hash = PasswordHash::from_stored(hash);
                    match permit.verify(password.clone(), Some(hash)).await? {
                        Verified::Right { .. } => CheckedPassword::Same(changed_at),
                        Verified::Wrong => CheckedPassword::Other(changed_at),
                    }
                }
            };
            let (key, email, name, client) =
                (self.0.key.clone(), email.clone(), name.clone(), client.clone());
            let registered = self.0.db.tx("register", move |conn| {
                register(conn, &key, &email, &name, &checked, &client)
            });
            if registered.await? {
                return Ok(());
            }
        }
        Ok(())
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

/// Stores a registration. `false`: the account has changed since its password was compared.
fn register(
    conn: &mut PgConnection,
    key: &DataKeys,
    email: &Email,
    name: &PersonName,
    password: &CheckedPassword,
    client: &ClientInfo,
) -> QueryResult<bool> {
    if let CheckedPassword::New(hash) = password {
        let new = NewAccount {
            email,
            name: name.as_str(),
            role: Role::User,
            state: AccountState::Unconfirmed,
        };
        if let Some(row) = accounts::create(conn, &new)? {
            credentials::set_password(conn, row.id(), hash.as_str())?;
            enqueue_next_mail(conn, key, &row)?;
            append_event(conn, "account.registered", &row, client)?;
            return Ok(true);
        }
    }
    let Some(row) = accounts::lock_by_email(conn, email)? else {
        return Ok(false);
    };
    let stored = credentials::load_dates(conn, row.id())?.password_changed_at;
    match password {
        CheckedPassword::Same(changed_at) | CheckedPassword::Other(changed_at)
            if !row.is(AccountState::Unconfirmed) || stored != *changed_at =>
        {
            return Ok(false);
        }
        // Registered concurrently: the passwords are still to be compared.
        CheckedPassword::New(_) if row.is(AccountState::Unconfirmed) && stored.is_some() => return Ok(false),
        CheckedPassword::New(_) => enqueue_next_mail(conn, key, &row)?,
        // The same client, who clicked twice or waits for the mail.
        CheckedPassword::Same(_) => account_mails::enqueue_another_confirmation(conn, key, &row)?,
        CheckedPassword::Other(_) => {
            // Two clients registered the address, and one of them may not own it: both passwords are discarded and the
            // open links voided. The owner sets a new password through the mail.
            credentials::clear_password(conn, row.id())?;
            links::close_all(conn, row.id())?;
            enqueue_next_mail(conn, key, &row)?;
        }
    }
    append_event(conn, "account.registered_again", &row, client)?;
    Ok(true)
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
