//! Forgotten passwords: a link that sets a new one, ends every session, and is told by mail.
use super::account_mails::{self, LinkSpec, to_account};
use super::confirmation::{activate, hold_first_admin, note_confirmed};
use super::outcome::{AccountError, MailRequestOutcome, SetPasswordOutcome};
use super::passwords::AcceptedPassword;
use super::registration::{note, remind};
use super::{Accounts, mail_limits};
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::accounts::{self, AccountRow, credentials, links};
use crate::db::sessions;
use crate::domain::min_response_time::with_min_response_time;
use crate::mail::kind::MailKind;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::Purpose;
use secrecy::SecretString;

impl Accounts {
    /// Sends a link to whoever forgot their password, if there is such an account.
    pub async fn request_password_reset(
        &self,
        email: Email,
        client: &ClientInfo,
    ) -> Result<MailRequestOutcome, AccountError> {
        let admitted = match self.admit_mail(&email, client).await? {
            mail_limits::MailAdmission::NetworkLimited(wait) => return Ok(MailRequestOutcome::Wait(wait)),
            mail_limits::MailAdmission::AddressLimited(_) => false,
            mail_limits::MailAdmission::Allowed => true,
        };
        let (key, client) = (self.0.key.clone(), client.clone());
        let work = self.0.db.tx("forgot_password", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)?.filter(|_| admitted) else {
                return Ok(());
            };
            if row.is(AccountState::Invited) {
                remind(conn, &key, &row)?;
            } else {
                let link = LinkSpec {
                    account: row.id(),
                    purpose: Purpose::Reset,
                    email: None,
                };
                account_mails::enqueue_with_link(conn, &key, &link, &to_account(MailKind::Reset, &row))?;
            }
            note(conn, "password.forgotten", &row, &client)
        });
        with_min_response_time(work).await?;
        Ok(MailRequestOutcome::Accepted)
    }

    /// Sets a new password. Reading the mail proves the address too, so that an unconfirmed account is confirmed by it.
    pub async fn reset_password(
        &self,
        token: &str,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<SetPasswordOutcome, AccountError> {
        let Some((token, row)) = self.find_linked(Purpose::Reset, token).await? else {
            return Ok(SetPasswordOutcome::NoSuchLink);
        };
        let Some(email) = Email::parse(&row.email) else {
            return Ok(SetPasswordOutcome::NoSuchLink);
        };
        let password = match AcceptedPassword::check(password, &[&email], &row.name) {
            Ok(password) => password,
            Err(error) => return Ok(SetPasswordOutcome::Weak(error)),
        };
        let hash = self.0.hashing.hash(password.into_secret()).await?;
        let (mode, throttles, client) = (self.0.registration, self.0.throttles.clone(), client.clone());
        let set = self.0.db.tx("reset_password", move |conn| {
            hold_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, Purpose::Reset, token)? else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| !row.is(AccountState::Invited)) else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            credentials::set_password(conn, row.id(), hash.as_str())?;
            let role = match row.is(AccountState::Unconfirmed) {
                true => Some(activate(conn, &row, mode)?),
                false => None,
            };
            // Whoever had got in could have asked for another address: that link must not bring them back.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), None, "password reset")?;
            throttles.reset_account(conn, &email)?;
            account_mails::enqueue(conn, MailKind::PasswordChanged, &row)?;
            if let Some(role) = role {
                note_confirmed(conn, &row, role, &client)?;
            }
            note(conn, "password.reset", &row, &client)?;
            Ok(SetPasswordOutcome::Done)
        });
        Ok(set.await?)
    }

    /// The account of a link that can be used. Uses nothing up.
    pub(super) async fn find_linked(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> Result<Option<(TokenHash, AccountRow)>, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(None);
        };
        let row = self.0.db.run("find_link", move |conn| {
            match links::find(conn, purpose, token)? {
                Some(link) => accounts::find(conn, AccountId::of(link.account_id)),
                None => Ok(None),
            }
        });
        Ok(row.await?.map(|row| (token, row)))
    }
}
