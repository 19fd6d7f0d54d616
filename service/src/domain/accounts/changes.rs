//! Changing one's own account. What gives power over it, address and password, needs the current password, and a code where
//! there is a second factor: a session that somebody left open must not be enough (ASVS v5.0.0-7.5.1).
use super::Accounts;
use super::limits::Admitted;
use super::outcome::{Changed, Failed};
use super::passwords::GoodPassword;
use super::post::{self, Letter, LinkFor};
use crate::crypto::data_key::DataKey;
use crate::crypto::password_hash::PasswordHash;
use crate::db::accounts::{self, AccountRow};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, links, sessions};
use crate::domain::sessions::caller::SignedIn;
use crate::domain::sessions::proof::{Proven, Refused};
use crate::mail::text::Kind;
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
    /// A new address; it counts when it is proven.
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
    proven: Option<Proven>,
}

impl Accounts {
    /// Changes one's own account: all of it or nothing.
    pub async fn change(
        &self,
        who: &SignedIn,
        change: Change,
        client: &ClientInfo,
    ) -> Result<Changed, Failed> {
        let plan = match self.plan(who, change, client).await? {
            Ok(plan) => plan,
            Err(refused) => return Ok(refused),
        };
        let (who, key, client) = (who.clone(), self.0.key.clone(), client.clone());
        let changed = self.0.db.tx("change_account", move |conn| {
            let Some(row) = accounts::lock(conn, who.account())? else {
                return Ok(Changed::Gone);
            };
            if let Some(proven) = &plan.proven
                && proven.take(conn, &client)?.is_none()
            {
                return Ok(Changed::WrongProof);
            }
            plan.carry_out(conn, &row, &who, &key, &client)?;
            Ok(Changed::Done)
        });
        Ok(changed.await?)
    }

    /// Everything that can be refused before anything is changed.
    async fn plan(
        &self,
        who: &SignedIn,
        change: Change,
        client: &ClientInfo,
    ) -> Result<Result<Plan, Changed>, Failed> {
        let name = change.name.as_ref().map_or(who.name(), PersonName::as_str);
        let (mut email, mut password, mut proven) = (None, None, None);
        if let Some(guarded) = change.guarded {
            email = guarded.email.filter(|email| email.as_str() != who.email());
            let now = Email::parse(who.email());
            let emails: Vec<&Email> = now.iter().chain(&email).collect();
            let check = |new| GoodPassword::check(new, &emails, name);
            let good = match guarded.password.map(check).transpose() {
                Ok(good) => good,
                Err(weakness) => return Ok(Err(Changed::Weak(weakness))),
            };
            let proof = self
                .0
                .sessions
                .prove_owner(who, guarded.current, guarded.code, client);
            match proof.await {
                Ok(proof) => proven = Some(proof),
                Err(refused) => return refuse(refused).map(Err),
            }
            if let Some(good) = good {
                password = Some(self.0.hashing.hash(good.into_secret()).await?);
            }
        }
        if let Some(email) = &email {
            match self.admit(email, client).await? {
                Admitted::Yes => {}
                Admitted::AddressWaits(wait) | Admitted::NetworkWaits(wait) => {
                    return Ok(Err(Changed::TooManyMails(wait)));
                }
            }
        }
        Ok(Ok(Plan {
            name: change.name,
            email,
            password,
            proven,
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
            accounts::set_password(conn, row.id(), hash.as_str())?;
            // What somebody who knew the old one has asked for meanwhile must not bring them back.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), Some(who.session()), "password changed")?;
            post::send(conn, &Letter::to(Kind::PasswordChanged, row))?;
        }
        if let Some(email) = &self.email {
            ask_for_proof(conn, row, email, key)?;
        }
        if let Some(proven) = &self.proven {
            proven.succeeded(conn, client)?;
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

fn refuse(refused: Refused) -> Result<Changed, Failed> {
    match refused {
        Refused::Credentials => Ok(Changed::WrongProof),
        Refused::SecondFactor => Ok(Changed::CodeNeeded),
        Refused::Throttled(wait) => Ok(Changed::TooManyTries(wait)),
        Refused::Overloaded(overloaded) => Err(overloaded.into()),
        Refused::Storage(error) => Err(error.into()),
    }
}

/// The new address is asked for its proof, the old one is told. One that has an account already gets another mail, and a
/// link that nobody has: who asks sees no difference.
fn ask_for_proof(conn: &mut PgConnection, row: &AccountRow, email: &Email, key: &DataKey) -> QueryResult<()> {
    let link = LinkFor {
        account: row.id(),
        purpose: Purpose::ChangeEmail,
        email: Some(email.as_str()),
    };
    let other = accounts::find_by_email(conn, email)?.filter(|other| other.id != row.id);
    match other {
        Some(other) => {
            post::make_link(conn, key, &link)?;
            post::send(conn, &Letter::to(Kind::AlreadyRegistered, &other))?;
        }
        None => {
            let letter = Letter {
                to: email.as_str(),
                ..Letter::to(Kind::ChangeEmail, row)
            };
            post::send_link(conn, key, &link, &letter)?;
        }
    }
    post::send(conn, &Letter::to(Kind::EmailChanging, row))
}
