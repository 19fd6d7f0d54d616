//! Password recovery: a mailed link sets a new password, ends every session and is confirmed by mail.

use super::Accounts;
use super::access_end::end_access;
use super::account_mails::{self, LinkSpec, to_account};
use super::confirmation::{activate, append_confirmed, lock_first_admin};
use super::link_owner::applies;
use super::outcome::{AccountError, MailRequestOutcome, SetPasswordOutcome};
use super::passwords::PasswordOwner;
use super::registration::{append_event, enqueue_next_mail};
use crate::crypto::data_keys::DataKeys;
use crate::crypto::password_hash::PasswordHash;
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::accounts::{self, AccountRow, credentials, links, second_factors};
use crate::db::sessions::{self, known_networks};
use crate::db::{PgConnection, QueryResult};
use crate::domain::min_response_time::with_min_response_time;
use crate::domain::sessions::code_guesses;
use crate::mail::kind::MailKind;
use crate::types::access_end::AccessEnd;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::LinkPurpose;
use crate::types::person_name::PersonName;
use secrecy::SecretString;

/// A new password's hash, the link that sets it, and the address that the link was mailed to.
pub(super) struct LinkPassword {
    pub(super) token: TokenHash,
    pub(super) email: Email,
    pub(super) hash: PasswordHash,
}

impl Accounts {
    /// Mails a reset link if the account exists. A limited address gets the same response but no mail.
    pub async fn request_password_reset(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<MailRequestOutcome, AccountError> {
        let admission = match self.admit_reset(&email, client).await? {
            Ok(admission) => admission,
            Err(wait) => return Ok(MailRequestOutcome::Wait(wait)),
        };
        let client = client.clone();
        let send = move |conn: &mut PgConnection, key: &DataKeys, row: &AccountRow| {
            if !admission.allows(row) {
                return Ok(());
            }
            if row.is(AccountState::Invited) {
                enqueue_next_mail(conn, key, row)?;
            } else {
                let spec = LinkSpec::new(row.id(), LinkPurpose::Reset);
                account_mails::enqueue_with_link(conn, key, &spec, &to_account(MailKind::Reset, row))?;
            }
            append_event(conn, "password.forgotten", row, &client)
        };
        self.mail_if_exists("request_password_reset", email, send).await
    }

    /// Sets a new password. The link proves that its user reads the address, so it confirms an unconfirmed account too.
    pub async fn reset_password(
        &self,
        token: &str,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<SetPasswordOutcome, AccountError> {
        let hashed = self.hash_for_link(LinkPurpose::Reset, token, None, password, client);
        let new = match hashed.await? {
            Ok(new) => new,
            Err(outcome) => return Ok(outcome),
        };
        let (mode, throttles, client) = (self.0.registration, self.0.throttles.clone(), client.clone());
        let set = self.0.db.tx("reset_password", move |conn| {
            lock_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, LinkPurpose::Reset, new.token)? else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| applies(LinkPurpose::Reset, row)) else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            credentials::set_password(conn, row.id(), new.hash.as_str())?;
            let role = if row.is(AccountState::Unconfirmed) {
                Some(activate(conn, &row, mode)?)
            } else {
                None
            };
            // An intruder may have requested another address: that link must not restore their access.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), None, "password reset")?;
            code_guesses::reset(conn, row.id())?;
            throttles.reset_account(conn, &new.email)?;
            // Under attack, this is the owner's way in from a new network.
            known_networks::add(conn, row.id(), &client.network().to_string())?;
            account_mails::enqueue(conn, MailKind::PasswordChanged, &row)?;
            end_access(conn, row.id(), None, &client, AccessEnd::PasswordChanged)?;
            if let Some(role) = role {
                append_confirmed(conn, &row, role, &client)?;
            }
            append_event(conn, "password.reset", &row, &client)?;
            Ok(SetPasswordOutcome::Done)
        });
        Ok(set.await?)
    }

    /// Checks and hashes the password that a link is to set, before the transaction that uses the link; `Err` holds the
    /// outcome of an invalid link or password. `name` replaces the account's name in the check.
    pub(super) async fn hash_for_link(
        &self,
        purpose: LinkPurpose,
        token: &str,
        name: Option<&PersonName>,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<Result<LinkPassword, SetPasswordOutcome>, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(Err(SetPasswordOutcome::NoSuchLink));
        };
        let row = self.0.db.run("find_link", move |conn| {
            match links::find(conn, purpose, token)? {
                Some(link) => {
                    let account = AccountId::of(link.account_id);
                    let (has_second_factor, _) = second_factors::state(conn, account)?;
                    Ok((accounts::find(conn, account)?, has_second_factor))
                }
                None => Ok((None, false)),
            }
        });
        let (row, has_second_factor) = row.await?;
        let email = row.as_ref().and_then(|row| Email::parse(&row.email));
        let (Some(row), Some(email)) = (row, email) else {
            return Ok(Err(SetPasswordOutcome::NoSuchLink));
        };
        let name = name.map_or(row.name.as_str(), PersonName::as_str);
        let owner = PasswordOwner {
            emails: &[&email],
            name,
            has_second_factor,
        };
        let accepted = match self.0.passwords.check(password, &owner).await? {
            Ok(accepted) => accepted,
            Err(error) => return Ok(Err(SetPasswordOutcome::Weak(error))),
        };
        let hashing = self.0.hashing.hash(accepted.into_secret(), client.network());
        let hash = hashing.await?;
        Ok(Ok(LinkPassword { token, email, hash }))
    }

    /// Enqueues a mail if the address has an account, in the same time either way.
    pub(super) async fn mail_if_exists(
        &self,
        what: &'static str,
        email: Email,
        send: impl FnOnce(&mut PgConnection, &DataKeys, &AccountRow) -> QueryResult<()> + Send + 'static,
    ) -> Result<MailRequestOutcome, AccountError> {
        let key = self.0.key.clone();
        let work = self
            .0
            .db
            .tx(what, move |conn| match accounts::lock_by_email(conn, &email)? {
                Some(row) => send(conn, &key, &row),
                None => Ok(()),
            });
        with_min_response_time(work).await?;
        Ok(MailRequestOutcome::Accepted)
    }
}
