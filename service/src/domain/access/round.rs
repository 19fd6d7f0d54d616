//! The worker's round: ends what is over, revokes what has ended, and issues what is due. Every replica does it; each step is
//! claimed or idempotent.

use super::Access;
use super::ending::Ending;
use crate::db::DbError;
use crate::db::access::{logins, requests};
use crate::types::access::AccessRequestId;
use crate::types::access_end::AccessEnd;
use crate::types::client_info::ClientInfo;

/// Requests of one round.
const BATCH_SIZE: i64 = 50;

impl Access {
    /// Does everything that is due.
    pub async fn work(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| requests::list_over(conn, BATCH_SIZE);
        for id in self.0.db.run("list_over_access", list).await? {
            self.end_expired(id).await?;
        }
        let end_over = |conn: &mut _| logins::end_over(conn);
        self.0.db.tx("end_over_logins", end_over).await?;
        self.revoke_ended().await?;
        let list = |conn: &mut _| logins::list_due(conn, BATCH_SIZE);
        for request in self.0.db.run("list_due_access", list).await? {
            self.issue(request).await?;
        }
        Ok(())
    }

    /// Waits until there may be something to do.
    pub async fn wait_for_work(&self) {
        self.0.work.notified().await;
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
