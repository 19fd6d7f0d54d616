//! Changes that owners make to their accounts. A new address or password requires the current password, and a code
//! where the account has a second factor: an unattended session must not be enough (ASVS v5.0.0-7.5.1).

use super::Accounts;
use super::access_end::end_access;
use super::account_mails::{self, LinkSpec, to_account};
use super::mail_limits::MailAdmission;
use super::outcome::{AccountError, ChangeOutcome};
use super::passwords::{AcceptedPassword, PasswordOwner};
use crate::crypto::data_keys::DataKeys;
use crate::crypto::one_time_code::OneTimeCode;
use crate::crypto::password_hash::PasswordHash;
use crate::db::accounts::{self, AccountRow, credentials, links};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::sessions::caller::SignedIn;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::VerifiedCredentials;
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::OutboxMail;
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountState;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::LinkPurpose;
use crate::types::person_name::PersonName;
use secrecy::SecretString;
use serde_json::{Value, json};

/// A change of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<PersonName>,
    /// Whether a pending change of the address is cancelled.
    pub cancels_new_email: bool,
    /// Changes that require the password.
    pub sensitive: Option<SensitiveChange>,
}

/// Changes of address or password, and the credentials that authorise them.
#[derive(Clone, Debug)]
pub struct SensitiveChange {
    /// The current password.
    pub current: SecretString,
    /// A TOTP or recovery code.
    pub code: Option<OneTimeCode>,
    /// A new address; it takes effect when it is confirmed.
    pub email: Option<Email>,
    /// A new password.
    pub password: Option<SecretString>,
}

impl SensitiveChange {
    /// The credentials, without a change yet.
    pub fn authorised_by(current: SecretString, code: Option<OneTimeCode>) -> Self {
        Self {
            current,
            code,
            email: None,
            password: None,
        }
    }
}

/// A validated change: only concurrent changes can still prevent it.
struct Plan {
    name: Option<PersonName>,
    cancels_new_email: bool,
    email: Option<Email>,
    password: Option<PasswordHash>,
    verified: Option<VerifiedCredentials>,
}

impl Accounts {
    /// Applies a change, all of it or nothing.
    pub async fn change(
        &self,
        who: &SignedIn,
        change: Change,
        client: &ClientInfo,
    ) -> Result<ChangeOutcome, AccountError> {
        let plan = match self.plan(who, change, client).await? {
            Ok(plan) => plan,
            Err(outcome) => return Ok(outcome),
        };
        let attempt = plan.verified.as_ref().map(VerifiedCredentials::attempt);
        let (who, key, client) = (who.clone(), self.0.key.clone(), client.clone());
        let changed = self.0.db.tx("change_account", move |conn| {
            let row = accounts::lock(conn, who.account())?;
            let (Some(row), true) = (row, who.is_still_signed_in(conn)?) else {
                return Ok(Ok(ChangeOutcome::Gone));
            };
            if let Some(verified) = &plan.verified
                && let Err(error) = verified.consume(conn, &client)?
            {
                return Ok(outcome_of(error));
            }
            plan.apply(conn, &row, &who, &key, &client)?;
            Ok(Ok(ChangeOutcome::Done))
        });
        match attempt {
            Some(attempt) => self.0.sessions.conclude(attempt, changed.await).await?,
            None => changed.await?,
        }
    }

    /// Validates everything that can be validated before the transaction; `Err` holds the outcome of an invalid change.
    async fn plan(
        &self,
        who: &SignedIn,
        mut change: Change,
        client: &ClientInfo,
    ) -> Result<Result<Plan, ChangeOutcome>, AccountError> {
        let name = change.name.as_ref().map_or(who.name(), PersonName::as_str);
        let (mut email, mut accepted, mut verified) = (None, None, None);
        if let Some(sensitive) = change.sensitive {
            let has_own_email = |email: &Email| email.as_str() == who.email();
            change.cancels_new_email |= sensitive.email.as_ref().is_some_and(has_own_email);
            email = sensitive.email.filter(|email| !has_own_email(email));
            let current = Email::parse(who.email());
            let emails: Vec<&Email> = current.iter().chain(&email).collect();
            if let Some(new) = sensitive.password {
                let owner = PasswordOwner {
                    emails: &emails,
                    name,
                    has_second_factor: self.0.sessions.second_factor_status(who).await?.enabled,
                };
                match self.0.passwords.check(new, &owner).await? {
                    Ok(password) => accepted = Some(password),
                    Err(error) => return Ok(Err(ChangeOutcome::Weak(error))),
                }
            }
            let verifying = self
                .0
                .sessions
                .verify_owner(who, sensitive.current, sensitive.code, client);
            match verifying.await {
                Ok(credentials) => verified = Some(credentials),
                Err(error) => return outcome_of(error).map(Err),
            }
        }
        let prepared = self.prepare(accepted, email.as_ref(), client).await;
        if let (Some(verified), Err(_) | Ok(Err(_))) = (&verified, &prepared) {
            self.0.sessions.take_back(verified.attempt()).await;
        }
        let password = match prepared? {
            Ok(password) => password,
            Err(outcome) => return Ok(Err(outcome)),
        };
        Ok(Ok(Plan {
            name: change.name,
            cancels_new_email: change.cancels_new_email && email.is_none(),
            email,
            password,
            verified,
        }))
    }

    /// Hashes the new password, and admits the mails about a new address.
    async fn prepare(
        &self,
        password: Option<AcceptedPassword>,
        email: Option<&Email>,
        client: &ClientInfo,
    ) -> Result<Result<Option<PasswordHash>, ChangeOutcome>, AccountError> {
        let mut hash = None;
        if let Some(password) = password {
            let hashing = self.0.hashing.hash(password.into_secret(), client.network());
            hash = Some(hashing.await?);
        }
        if let Some(email) = email {
            match self.admit_mail(email, client).await? {
                MailAdmission::Allowed => {}
                MailAdmission::AddressLimited(wait) | MailAdmission::NetworkLimited(wait) => {
                    return Ok(Err(ChangeOutcome::TooManyMails(wait)));
                }
            }
        }
        Ok(Ok(hash))
    }
}

impl Plan {
    fn apply(
        &self,
        conn: &mut PgConnection,
        row: &AccountRow,
        who: &SignedIn,
        key: &DataKeys,
        client: &ClientInfo,
    ) -> QueryResult<()> {
        if let Some(name) = &self.name {
            accounts::set_name(conn, row.id(), name.as_str())?;
        }
        if let Some(hash) = &self.password {
            credentials::set_password(conn, row.id(), hash.as_str())?;
            // Open links may have been requested by someone who knew the old password.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), Some(who.session()), "password changed")?;
            account_mails::enqueue(conn, MailKind::PasswordChanged, row)?;
        }
        let cancelled = self.cancels_new_email && cancel_new_email(conn, row)?;
        if let Some(email) = &self.email {
            request_confirmation(conn, row, email, key)?;
        }
        if let Some(verified) = &self.verified {
            verified.record_success(conn, client)?;
        }
        if self.password.is_some() {
            end_access(conn, row.id(), Some(row.id()), client, AccessEnd::PasswordChanged)?;
        }
        let events: [(bool, &'static str, Value); 4] = [
            (
                self.name.is_some(),
                "account.changed",
                json!({ "fields": ["name"] }),
            ),
            (self.password.is_some(), "password.changed", json!({})),
            (self.email.is_some(), "email.requested", json!({})),
            (cancelled, "email.cancelled", json!({})),
        ];
        for (_, action, detail) in events.into_iter().filter(|(applies, ..)| *applies) {
            let event = Event {
                actor: Some(row.id()),
                action,
                subject: row.id().subject(),
                client,
                detail,
            };
            audit::append(conn, &event)?;
        }
        Ok(())
    }
}

/// Voids the link that confirms a new address. `false`: there is none.
pub(super) fn cancel_new_email(conn: &mut PgConnection, row: &AccountRow) -> QueryResult<bool> {
    if links::find_pending_email(conn, row.id())?.is_none() {
        return Ok(false);
    }
    links::close_for_purpose(conn, row.id(), LinkPurpose::ChangeEmail)?;
    Ok(true)
}

fn outcome_of(error: LoginError) -> Result<ChangeOutcome, AccountError> {
    match error {
        LoginError::InvalidCredentials | LoginError::Unconfirmed | LoginError::SecondFactorSetupRequired => {
            Ok(ChangeOutcome::WrongCredentials)
        }
        LoginError::SecondFactorRequired => Ok(ChangeOutcome::CodeRequired),
        LoginError::SecondFactorUnavailable => Ok(ChangeOutcome::CodeUnverifiable),
        LoginError::CodeUsed => Ok(ChangeOutcome::CodeUsed),
        LoginError::CodesBlocked(wait) => Ok(ChangeOutcome::CodesBlocked(wait)),
        LoginError::Throttled(wait) => Ok(ChangeOutcome::TooManyAttempts(wait)),
        LoginError::Overloaded(overloaded) => Err(overloaded.into()),
        LoginError::Storage(error) => Err(error.into()),
    }
}

/// Mails a confirmation link to the new address and a notification to the old one. If the new address belongs to
/// another account, that account is notified and an unmailed link is created, so that the response reveals no
/// difference. A registration that was never confirmed is no obstacle.
fn request_confirmation(
    conn: &mut PgConnection,
    row: &AccountRow,
    email: &Email,
    key: &DataKeys,
) -> QueryResult<()> {
    let spec = LinkSpec {
        email: Some(email.as_str()),
        ..LinkSpec::new(row.id(), LinkPurpose::ChangeEmail)
    };
    let other = accounts::find_by_email(conn, email)?
        .filter(|other| other.id != row.id && !other.is(AccountState::Unconfirmed));
    match other {
        Some(other) => {
            account_mails::create_link(conn, key, &spec)?;
            account_mails::enqueue(conn, MailKind::AlreadyRegistered, &other)?;
        }
        None => {
            // The new address may be another person's, to whom the name could be a message.
            let mail = OutboxMail {
                to: email.as_str(),
                name: "",
                ..to_account(MailKind::ChangeEmail, row)
            };
            account_mails::enqueue_with_link(conn, key, &spec, &mail)?;
        }
    }
    account_mails::enqueue_with_undo_link(conn, key, MailKind::EmailChanging, row)
}
