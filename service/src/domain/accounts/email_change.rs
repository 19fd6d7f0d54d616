//! Changes of an account's address by mailed links: confirming the new one, and undoing the change.

use super::Accounts;
use super::access_end::end_access;
use super::account_mails::{self, to_account};
use super::changes::cancel_new_email;
use super::link_owner::applies;
use super::outcome::{AccountError, ChangeEmailOutcome, UndoEmailOutcome};
use super::registration::append_event;
use super::unconfirmed;
use crate::crypto::tokens::PlainToken;
use crate::db::accounts::{self, AccountRow, links};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::StorageError;
use crate::domain::sessions::caller::SignedIn;
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::OutboxMail;
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::LinkPurpose;
use serde_json::json;

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
        let (key, client) = (self.0.key.clone(), client.clone());
        let changed = self.0.db.tx("change_email", move |conn| {
            let link = links::close(conn, LinkPurpose::ChangeEmail, token)?;
            let Some(link) = link else {
                return Ok(ChangeEmailOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| applies(LinkPurpose::ChangeEmail, row));
            let (Some(row), Some(email)) = (row, link.email.as_deref().and_then(Email::parse)) else {
                return Ok(ChangeEmailOutcome::NoSuchLink);
            };
            let displaced = unconfirmed::displace(conn, &email, row.id())?;
            accounts::set_email(conn, row.id(), &email)?;
            // Including those that were mailed to the old address.
            links::close_all(conn, row.id())?;
            account_mails::enqueue_with_undo_link(conn, &key, MailKind::EmailMoved, &row)?;
            unconfirmed::append_displaced(conn, displaced.as_ref(), None, &client)?;
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
    /// Cancels a pending change of the caller's address. Nothing to cancel is no error.
    pub async fn cancel_new_email(&self, who: &SignedIn, client: &ClientInfo) -> Result<(), AccountError> {
        let (id, client) = (who.account(), client.clone());
        let cancelled = self
            .0
            .db
            .tx("cancel_new_email", move |conn| match accounts::lock(conn, id)? {
                Some(row) if cancel_new_email(conn, &row)? => append_cancelled(conn, &row, Some(id), &client),
                _ => Ok(()),
            });
        Ok(cancelled.await?)
    }

    /// Cancels a pending change of an account's address, or restores the address that the link was mailed to. The user who
    /// confirmed the other address may know the password, so that a restored account's sessions end.
    pub async fn undo_email(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<UndoEmailOutcome, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(UndoEmailOutcome::NoSuchLink);
        };
        let client = client.clone();
        let undone = self.0.db.tx("undo_email", move |conn| {
            let Some(link) = links::close(conn, LinkPurpose::UndoEmail, token)? else {
                return Ok(UndoEmailOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| applies(LinkPurpose::UndoEmail, row));
            let (Some(row), Some(email)) = (row, link.email.as_deref().and_then(Email::parse)) else {
                return Ok(UndoEmailOutcome::NoSuchLink);
            };
            // Links of later changes restore an intruder's address, those of earlier ones perhaps the owner's.
            links::close_undo_since(conn, row.id(), link.created_at)?;
            if Email::parse(&row.email).is_some_and(|current| current.key() == email.key()) {
                cancel_new_email(conn, &row)?;
                append_cancelled(conn, &row, None, &client)?;
                return Ok(UndoEmailOutcome::Cancelled);
            }
            let displaced = unconfirmed::displace(conn, &email, row.id())?;
            accounts::set_email(conn, row.id(), &email)?;
            links::close_all(conn, row.id())?;
            sessions::end_all(conn, row.id(), None, "address restored")?;
            let mail = OutboxMail {
                to: email.as_str(),
                ..to_account(MailKind::EmailRestored, &row)
            };
            mail.enqueue(conn)?;
            end_access(conn, row.id(), None, &client, AccessEnd::SessionsEnded)?;
            unconfirmed::append_displaced(conn, displaced.as_ref(), None, &client)?;
            append_event(conn, "email.restored", &row, &client)?;
            Ok(UndoEmailOutcome::Restored)
        });
        match undone.await {
            Err(StorageError::Constraint(name)) if name == "accounts_email_key" => {
                Ok(UndoEmailOutcome::Taken)
            }
            undone => Ok(undone?),
        }
    }
}

fn append_cancelled(
    conn: &mut PgConnection,
    row: &AccountRow,
    actor: Option<AccountId>,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor,
        action: "email.cancelled",
        subject: row.id().subject(),
        client,
        detail: json!({}),
    };
    audit::append(conn, &event)
}
