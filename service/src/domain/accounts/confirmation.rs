//! Confirming the address of a new account by a mailed link and the password that was chosen. The password shows that
//! the reader of the mail registered: otherwise another client could register someone's address, and the owner's click
//! would activate an account whose password that client chose.

use super::Accounts;
use super::link_owner::applies;
use super::outcome::{AccountError, LinkOutcome};
use crate::config::auth::RegistrationMode;
use crate::crypto::hashing_places::Requester;
use crate::crypto::password_hash::{PasswordHash, Verified};
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::accounts::{self, AccountRow, credentials, links};
use crate::db::audit::{self, Event};
use crate::db::sessions::known_networks;
use crate::db::{PgConnection, QueryResult};
use crate::domain::throttles::{Admission, Counters};
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::LinkPurpose;
use crate::types::role::Role;
use secrecy::SecretString;
use serde_json::json;

impl Accounts {
    /// Confirms the address of a registration; its owner may log in from now on.
    pub async fn confirm_email(
        &self,
        token: &str,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<LinkOutcome, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(LinkOutcome::NoSuchLink);
        };
        let (email, counters) = match self.verify_chosen(token, password, client).await? {
            Ok(verified) => verified,
            Err(outcome) => return Ok(outcome),
        };
        let (mode, throttles, client) = (self.0.registration, self.0.throttles.clone(), client.clone());
        let used = self.0.db.tx("confirm_account", move |conn| {
            lock_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, LinkPurpose::Confirm, token)? else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| applies(LinkPurpose::Confirm, row)) else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let role = activate(conn, &row, mode)?;
            throttles.record_success(conn, &email, client.network(), &counters)?;
            known_networks::add(conn, row.id(), &client.network().to_string())?;
            append_confirmed(conn, &row, role, &client)?;
            Ok(LinkOutcome::Done)
        });
        Ok(used.await?)
    }

    /// Verifies the password of the account that a link belongs to, and returns its address and what counted the attempt. A second registration with
    /// another password closes the link, so the password cannot change before the link is used. Attempts are counted like
    /// logins. `Err` holds the outcome of an invalid link or password.
    async fn verify_chosen(
        &self,
        token: TokenHash,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<Result<(Email, Counters), LinkOutcome>, AccountError> {
        let attempt = self.0.hashing.start_attempt(client.network())?;
        let (throttles, network) = (self.0.throttles.clone(), client.network());
        let found = self.0.db.tx("find_confirmation", move |conn| {
            let link = links::find(conn, LinkPurpose::Confirm, token)?;
            let row = match link {
                Some(link) => credentials::find_by_id(conn, link.account_id)?,
                None => None,
            };
            let email = row.as_ref().and_then(|row| Email::parse(&row.email));
            let (Some(row), Some(email)) = (row, email) else {
                return Ok(Err(LinkOutcome::NoSuchLink));
            };
            Ok(match throttles.admit_login(conn, &email, network)? {
                Admission::Wait(wait) => Err(LinkOutcome::TooManyAttempts(wait)),
                Admission::Admitted(counters) => Ok((row, email, counters)),
            })
        });
        let (row, email, counters) = match found.await? {
            Ok(found) => found,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let permit = attempt.permit(Requester::Known)?;
        let hash = row.password_hash.map(PasswordHash::from_stored);
        if permit.verify(password, hash).await? == Verified::Wrong {
            let account = AccountId::of(row.account_id);
            self.0.sessions.record_wrong_password(account, client).await?;
            return Ok(Err(LinkOutcome::WrongPassword));
        }
        Ok(Ok((email, counters)))
    }
}

/// Appends the audit event of a confirmed address and the granted role. To be called last in its transaction.
pub(super) fn append_confirmed(
    conn: &mut PgConnection,
    row: &AccountRow,
    role: Role,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: None,
        action: "account.confirmed",
        subject: row.id().subject(),
        client,
        detail: json!({ "role": role.as_str() }),
    };
    audit::append(conn, &event)
}

/// Locks the administrators where the transaction may create the first one. To be called first in its transaction.
pub(super) fn lock_first_admin(conn: &mut PgConnection, mode: RegistrationMode) -> QueryResult<()> {
    match mode {
        RegistrationMode::FirstAdmin => accounts::lock_admins(conn),
        RegistrationMode::Open | RegistrationMode::Closed => Ok(()),
    }
}

/// Activates an unconfirmed account; returns its role.
pub(super) fn activate(
    conn: &mut PgConnection,
    row: &AccountRow,
    mode: RegistrationMode,
) -> QueryResult<Role> {
    let is_first = mode == RegistrationMode::FirstAdmin && !accounts::has_other_admin(conn, None)?;
    let role = if is_first { Role::Admin } else { Role::User };
    accounts::activate(conn, row.id(), role)?;
    Ok(role)
}
