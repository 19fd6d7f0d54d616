//! The worker's rounds: access that is over ends, logins that have ended are revoked, logins that are due are issued. Every replica
//! does all of it; each step is claimed or idempotent. A round that calls Vault delays no round of another kind.

use super::Access;
use super::ending::Ending;
use crate::db::DbError;
use crate::db::access::{logins, requests};
use crate::types::access::AccessRequestId;
use crate::types::access_end::AccessEnd;
use crate::types::client_info::ClientInfo;
use tokio::sync::watch;

/// Requests of one round.
const BATCH_SIZE: i64 = 50;

impl Access {
    /// Ends what is over, and blocks the logins of what has ended. Without Vault.
    pub async fn end_over(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| requests::list_over(conn, BATCH_SIZE);
        for id in self.0.db.run("list_over_access", list).await? {
            self.end_expired(id).await?;
        }
        let end_over = |conn: &mut _| logins::end_over(conn);
        if self.0.db.tx("end_over_logins", end_over).await? > 0 {
            self.wake();
        }
        self.end_in_postgres(None).await
    }

    /// Issues the logins that are due.
    pub async fn issue_due(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| logins::list_due(conn, BATCH_SIZE);
        for request in self.0.db.run("list_due_access", list).await? {
            self.issue(request).await?;
        }
        Ok(())
    }

    /// Changes when there may be something to do.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.0.work.subscribe()
    }

    /// Lets the worker begin its next rounds now.
    pub(super) fn wake(&self) {
        self.0.work.send_replace(());
    }

    /// Ends access whose period is over.
    async fn end_expired(&self, id: AccessRequestId) -> Result<(), DbError> {
        let ended = self.0.db.tx("end_access", move |conn| {
            let ending = Ending {
                reason: AccessEnd::Expired,
                by: None,
                client: &ClientInfo::service(),
            };
            match ending.end(conn, id)? {
                Some(row) => ending.append_event(conn, &row),
                None => Ok(()),
            }
        });
        ended.await
    }
}
