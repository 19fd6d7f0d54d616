//! Deletion of an account by its owner.

use super::Accounts;
use super::access_end::end_access;
use super::account_mails;
use super::outcome::{AccountError, DeletionOutcome};
use crate::db::accounts::{self, links};
use crate::db::audit::{self, Event};
use crate::db::{sessions, users};
use crate::domain::sessions::caller::RecentlyProven;
use crate::mail::kind::MailKind;
use crate::types::access_end::AccessEnd;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use serde_json::json;

impl Accounts {
    /// Deletes the account and ends its sessions. The row remains, and an administrator can restore it.
    pub async fn delete_own_account(
        &self,
        who: &RecentlyProven,
        client: &ClientInfo,
    ) -> Result<DeletionOutcome, AccountError> {
        let (who, client) = (who.signed_in().clone(), client.clone());
        let id = who.account();
        let deleted = self.0.db.tx("delete_own_account", move |conn| {
            accounts::lock_admins(conn)?;
            // Deleted concurrently: the outcome is the same.
            let Some(row) = accounts::lock(conn, id)? else {
                return Ok(DeletionOutcome::Done);
            };
            if !who.is_still_signed_in(conn)? {
                return Ok(DeletionOutcome::SignedOut);
            }
            if row.role == Role::Admin.as_str() && !accounts::has_other_admin(conn, Some(id))? {
                return Ok(DeletionOutcome::LastAdmin);
            }
            users::delete(conn, id)?;
            account_mails::enqueue(conn, MailKind::AccountDeleted, &row)?;
            links::close_all(conn, id)?;
            sessions::end_all(conn, id, None, "account deleted")?;
            end_access(conn, id, Some(id), &client, AccessEnd::AccountDeleted)?;
            let event = Event {
                actor: Some(id),
                action: "account.deleted",
                subject: id.subject(),
                client: &client,
                detail: json!({ "by": "owner" }),
            };
            audit::append(conn, &event)?;
            Ok(DeletionOutcome::Done)
        });
        Ok(deleted.await?)
    }
}
