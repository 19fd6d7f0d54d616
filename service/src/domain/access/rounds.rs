//! The worker's rounds: access that is over ends, logins that have ended are revoked, logins that are due are issued. Every replica
//! does all of it; each step is claimed or idempotent. A round that calls Vault delays no round of another kind.

use super::Access;
use super::ending::Ending;
use crate::db::DbError;
use crate::db::access::{logins, requests, revocations};
use crate::types::access::AccessRequestId;
use crate::types::access_end::AccessEnd;
use crate::types::client_info::ClientInfo;
use std::time::Duration;
use tokio::sync::watch;

/// Requests of one round.
const BATCH_SIZE: i64 = 50;

/// How long attempts to issue a login that failed are retained.
const FAILED_LOGIN_RETENTION: Duration = Duration::from_secs(30 * 86_400);

/// Attempts deleted by one statement, so that row locks are held only briefly.
const PURGE_BATCH_SIZE: i32 = 1_000;

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

    /// Deletes attempts to issue a login that failed long ago. Returns their number.
    pub async fn purge_failed(&self) -> Result<i64, DbError> {
        let mut count = 0;
        loop {
            let purge =
                |conn: &mut _| revocations::purge_failed(conn, FAILED_LOGIN_RETENTION, PURGE_BATCH_SIZE);
            match self.0.db.tx("purge_failed_logins", purge).await? {
                0 => return Ok(count),
                purged => count += purged,
            }
        }
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
