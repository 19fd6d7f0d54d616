//! Changing one's own account. What gives power over it, address and password, needs the current password, and a code where
//! there is a second factor: a session that somebody left open must not be enough (ASVS v5.0.0-7.5.1).
use super::Accounts;
use super::account_mails::{self, LinkSpec, to_account};
use super::mail_limits::MailAdmission;
use super::outcome::{AccountError, ChangeOutcome};
use super::passwords::AcceptedPassword;
use crate::crypto::data_key::DataKey;
use crate::crypto::password_hash::PasswordHash;
use crate::db::accounts::{self, AccountRow, credentials, links};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::sessions::caller::SignedIn;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::VerifiedCredentials;
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::OutboxMail;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::Purpose;
use crate::types::person_name::PersonName;
use secrecy::SecretString;
use serde_json::{Value, json};

/// What is to be changed; `None`: stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<PersonName>,
    /// What needs proof.
    pub guarded: Option<Guarded>,
}

/// What needs proof, and that.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// The current password.
    pub current: SecretString,
    /// A code of the second factor, or a recovery code.
    pub code: Option<SecretString>,
    /// A new address; it counts when it is verified.
    pub email: Option<Email>,
    /// A new password.
    pub password: Option<SecretString>,
}

impl Guarded {
    /// The proof, and nothing that it is for.
    pub fn by(current: SecretString, code: Option<SecretString>) -> Self {
        Self {
            current,
            code,
            email: None,
            password: None,
        }
    }
}

/// A change that nothing stands against but what happens meanwhile.
struct Plan {
    name: Option<PersonName>,
    email: Option<Email>,
    password: Option<PasswordHash>,
    verified: Option<VerifiedCredentials>,
}

impl Accounts {
    /// Changes one's own account: all of it or nothing.
    pub async fn change(
        &self,
        who: &SignedIn,
        change: Change,
        client: &ClientInfo,
    ) -> Result<ChangeOutcome, AccountError> {
        let plan = match self.plan(who, change, client).await? {
            Ok(plan) => plan,
            Err(refused) => return Ok(refused),
        };
        let (who, key, client) = (who.clone(), self.0.key.clone(), client.clone());
        let changed = self.0.db.tx("change_account", move |conn| {
            let Some(row) = accounts::lock(conn, who.account())? else {
                return Ok(ChangeOutcome::Gone);
            };
            if let Some(verified) = &plan.verified
                && verified.consume(conn, &client)?.is_none()
            {
                return Ok(ChangeOutcome::WrongCredentials);
            }
            plan.carry_out(conn, &row, &who, &key, &client)?;
            Ok(ChangeOutcome::Done)
        });
        Ok(changed.await?)
    }

    /// Everything that can be refused before anything is changed.
    async fn plan(
        &self,
        who: &SignedIn,
        change: Change,
        client: &ClientInfo,
    ) -> Result<Result<Plan, ChangeOutcome>, AccountError> {
        let name = change.name.as_ref().map_or(who.name(), PersonName::as_str);
        let (mut email, mut password, mut verified) = (None, None, None);
        if let Some(guarded) = change.guarded {
            email = guarded.email.filter(|email| email.as_str() != who.email());
            let now = Email::parse(who.email());
            let emails: Vec<&Email> = now.iter().chain(&email).collect();
            let check = |new| AcceptedPassword::check(new, &emails, name);
            let good = match guarded.password.map(check).transpose() {
                Ok(good) => good,
                Err(error) => return Ok(Err(ChangeOutcome::Weak(error))),
            };
            let proof = self
                .0
                .sessions
                .verify_owner(who, guarded.current, guarded.code, client);
            match proof.await {
                Ok(proof) => verified = Some(proof),
                Err(refused) => return refuse(refused).map(Err),
            }
            if let Some(good) = good {
                password = Some(self.0.hashing.hash(good.into_secret()).await?);
            }
        }
        if let Some(email) = &email {
            match self.admit_mail(email, client).await? {
                MailAdmission::Allowed => {}
                MailAdmission::AddressLimited(wait) | MailAdmission::NetworkLimited(wait) => {
                    return Ok(Err(ChangeOutcome::TooManyMails(wait)));
                }
            }
        }
        Ok(Ok(Plan {
            name: change.name,
            email,
            password,
            verified,
        }))
    }
}

impl Plan {
    fn carry_out(
        &self,
        conn: &mut PgConnection,
        row: &AccountRow,
        who: &SignedIn,
        key: &DataKey,
        client: &ClientInfo,
    ) -> QueryResult<()> {
        if let Some(name) = &self.name {
            accounts::set_name(conn, row.id(), name.as_str())?;
        }
        if let Some(hash) = &self.password {
            credentials::set_password(conn, row.id(), hash.as_str())?;
            // What somebody who knew the old one has asked for meanwhile must not bring them back.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), Some(who.session()), "password changed")?;
            account_mails::enqueue(conn, MailKind::PasswordChanged, row)?;
        }
        if let Some(email) = &self.email {
            ask_for_proof(conn, row, email, key)?;
        }
        if let Some(verified) = &self.verified {
            verified.record_success(conn, client)?;
        }
        let happened: [(bool, &'static str, Value); 3] = [
            (
                self.name.is_some(),
                "account.changed",
                json!({ "fields": ["name"] }),
            ),
            (self.password.is_some(), "password.changed", json!({})),
            (self.email.is_some(), "email.requested", json!({})),
        ];
        for (_, action, detail) in happened.into_iter().filter(|(happened, ..)| *happened) {
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

fn refuse(refused: LoginError) -> Result<ChangeOutcome, AccountError> {
    match refused {
        LoginError::InvalidCredentials => Ok(ChangeOutcome::WrongCredentials),
        LoginError::SecondFactorRequired => Ok(ChangeOutcome::CodeRequired),
        LoginError::Throttled(wait) => Ok(ChangeOutcome::TooManyAttempts(wait)),
        LoginError::Overloaded(overloaded) => Err(overloaded.into()),
        LoginError::Storage(error) => Err(error.into()),
    }
}

/// The new address is asked for its proof, the old one is told. One that has an account already gets another mail, and a
/// link that nobody has: who asks sees no difference.
fn ask_for_proof(conn: &mut PgConnection, row: &AccountRow, email: &Email, key: &DataKey) -> QueryResult<()> {
    let link = LinkSpec {
        account: row.id(),
        purpose: Purpose::ChangeEmail,
        email: Some(email.as_str()),
    };
    let other = accounts::find_by_email(conn, email)?.filter(|other| other.id != row.id);
    match other {
        Some(other) => {
            account_mails::create_link(conn, key, &link)?;
            account_mails::enqueue(conn, MailKind::AlreadyRegistered, &other)?;
        }
        None => {
            let mail = OutboxMail {
                to: email.as_str(),
                ..to_account(MailKind::ChangeEmail, row)
            };
            account_mails::enqueue_with_link(conn, key, &link, &mail)?;
        }
    }
    account_mails::enqueue(conn, MailKind::EmailChanging, row)
}
