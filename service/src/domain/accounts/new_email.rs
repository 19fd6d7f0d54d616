//! The proof of a new address: from now on it is the account's.
use super::Accounts;
use super::outcome::{EmailChanged, Failed};
use super::post::{self, Letter};
use super::registration::note;
use crate::crypto::tokens::PlainToken;
use crate::db::{accounts, links};
use crate::domain::StorageError;
use crate::mail::text::Kind;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::Purpose;

impl Accounts {
    /// Uses the link that went to the new address. The old one is told.
    pub async fn change_email(&self, token: &str, client: &ClientInfo) -> Result<EmailChanged, Failed> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(EmailChanged::NoSuchLink);
        };
        let client = client.clone();
        let changed = self.0.db.tx("change_email", move |conn| {
            let link = links::close(conn, Purpose::ChangeEmail, token)?;
            let Some(link) = link else {
                return Ok(EmailChanged::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| row.is(AccountState::Active));
            let (Some(row), Some(email)) = (row, link.email.as_deref().and_then(Email::parse)) else {
                return Ok(EmailChanged::NoSuchLink);
            };
            accounts::set_email(conn, row.id(), &email)?;
            // Those that were mailed to the old address too.
            links::close_all(conn, row.id())?;
            post::send(conn, &Letter::to(Kind::EmailMoved, &row))?;
            note(conn, "email.changed", &row, &client)?;
            Ok(EmailChanged::Done)
        });
        match changed.await {
            Err(StorageError::Constraint(name)) if name == "accounts_email_key" => Ok(EmailChanged::Taken),
            changed => Ok(changed?),
        }
    }
}
