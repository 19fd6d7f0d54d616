//! Deletes accounts for good, some time after their deletion: until then an administrator can restore them.

use super::Accounts;
use crate::db::accounts;
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::domain::StorageError;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Accounts deleted in one transaction.
const BATCH_SIZE: i32 = 100;

impl Accounts {
    /// Deletes the accounts whose retention has ended, with their wishes and sessions. Returns their number.
    pub async fn purge_deleted(&self) -> Result<usize, StorageError> {
        let retention = self.0.deleted_account_retention;
        let mut count = 0;
        loop {
            let purge = move |conn: &mut PgConnection| -> QueryResult<usize> {
                let ids = accounts::purge_deleted(conn, retention, BATCH_SIZE)?;
                let client = ClientInfo::service();
                for id in &ids {
                    let event = Event {
                        actor: None,
                        action: "account.purged",
                        subject: AccountId::of(*id).subject(),
                        client: &client,
                        detail: json!({}),
                    };
                    audit::append(conn, &event)?;
                }
                Ok(ids.len())
            };
            match self.0.db.tx("purge_deleted_accounts", purge).await? {
                0 => return Ok(count),
                purged => count += purged,
            }
        }
    }
}
