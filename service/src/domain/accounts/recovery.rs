//! Forgotten passwords: a link that sets a new one, ends every session, and is told by mail.
use super::confirmation::{activate, hold_first_admin, note_confirmed};
use super::outcome::{Asked, Failed, PasswordSet};
use super::passwords::GoodPassword;
use super::post::{self, Letter, LinkFor};
use super::registration::{note, remind};
use super::{Accounts, limits};
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::accounts::{self, AccountRow};
use crate::db::{links, sessions};
use crate::domain::evenly::evenly;
use crate::mail::text::Kind;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::Purpose;
use secrecy::SecretString;

impl Accounts {
    /// Sends a link to whoever forgot their password, if there is such an account.
    pub async fn forgot(&self, email: Email, client: &ClientInfo) -> Result<Asked, Failed> {
        let admitted = match self.admit(&email, client).await? {
            limits::Admitted::NetworkWaits(wait) => return Ok(Asked::Wait(wait)),
            limits::Admitted::AddressWaits(_) => false,
            limits::Admitted::Yes => true,
        };
        let (key, client) = (self.0.key.clone(), client.clone());
        let work = self.0.db.tx("forgot_password", move |conn| {
            let Some(row) = accounts::lock_by_email(conn, &email)?.filter(|_| admitted) else {
                return Ok(());
            };
            if row.is(AccountState::Invited) {
                remind(conn, &key, &row)?;
            } else {
                let link = LinkFor {
                    account: row.id(),
                    purpose: Purpose::Reset,
                    email: None,
                };
                post::send_link(conn, &key, &link, &Letter::to(Kind::Reset, &row))?;
            }
            note(conn, "password.forgotten", &row, &client)
        });
        evenly(work).await?;
        Ok(Asked::Accepted)
    }

    /// Sets a new password. Reading the mail proves the address too, so that an unconfirmed account is confirmed by it.
    pub async fn reset(
        &self,
        token: &str,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<PasswordSet, Failed> {
        let Some((token, row)) = self.find_linked(Purpose::Reset, token).await? else {
            return Ok(PasswordSet::NoSuchLink);
        };
        let Some(email) = Email::parse(&row.email) else {
            return Ok(PasswordSet::NoSuchLink);
        };
        let password = match GoodPassword::check(password, &[&email], &row.name) {
            Ok(password) => password,
            Err(weakness) => return Ok(PasswordSet::Weak(weakness)),
        };
        let hash = self.0.hashing.hash(password.into_secret()).await?;
        let (mode, throttles, client) = (self.0.registration, self.0.throttles.clone(), client.clone());
        let set = self.0.db.tx("reset_password", move |conn| {
            hold_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, Purpose::Reset, token)? else {
                return Ok(PasswordSet::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| !row.is(AccountState::Invited)) else {
                return Ok(PasswordSet::NoSuchLink);
            };
            accounts::set_password(conn, row.id(), hash.as_str())?;
            let role = match row.is(AccountState::Unconfirmed) {
                true => Some(activate(conn, &row, mode)?),
                false => None,
            };
            // Whoever had got in could have asked for another address: that link must not bring them back.
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), None, "password reset")?;
            throttles.owner_proven(conn, &email)?;
            post::send(conn, &Letter::to(Kind::PasswordChanged, &row))?;
            if let Some(role) = role {
                note_confirmed(conn, &row, role, &client)?;
            }
            note(conn, "password.reset", &row, &client)?;
            Ok(PasswordSet::Done)
        });
        Ok(set.await?)
    }

    /// The account of a link that can be used. Uses nothing up.
    pub(super) async fn find_linked(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> Result<Option<(TokenHash, AccountRow)>, Failed> {
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
