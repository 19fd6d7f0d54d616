//! Confirming an account's new address by a mailed link.

use super::Accounts;
use super::account_mails;
use super::outcome::{AccountError, ChangeEmailOutcome};
use super::registration::append_event;
use crate::crypto::tokens::PlainToken;
use crate::db::accounts::{self, links};
use crate::domain::StorageError;
use crate::mail::kind::MailKind;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::LinkPurpose;

impl Accounts {
    /// Moves the account to the new address and notifies the old one.
    pub async fn change_email(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<ChangeEmailOutcome, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(ChangeEmailOutcome::NoSuchLink);
        };
        let client = client.clone();
        let changed = self.0.db.tx("change_email", move |conn| {
            let link = links::close(conn, LinkPurpose::ChangeEmail, token)?;
            let Some(link) = link else {
                return Ok(ChangeEmailOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| row.is(AccountState::Active));
            let (Some(row), Some(email)) = (row, link.email.as_deref().and_then(Email::parse)) else {
                return Ok(ChangeEmailOutcome::NoSuchLink);
            };
            accounts::set_email(conn, row.id(), &email)?;
            // Including those that were mailed to the old address.
            links::close_all(conn, row.id())?;
            account_mails::enqueue(conn, MailKind::EmailMoved, &row)?;
            append_event(conn, "email.changed", &row, &client)?;
            Ok(ChangeEmailOutcome::Done)
        });
        match changed.await {
            Err(StorageError::Constraint(name)) if name == "accounts_email_key" => {
                Ok(ChangeEmailOutcome::Taken)
            }
            changed => Ok(changed?),
        }
    }
}
