//! The worker's round: ends what is over, revokes what has ended, and issues what is due. Every replica does it; each step is
//! claimed or idempotent.

use super::state::{Step, next};
use super::{Access, append_event};
use crate::db::DbError;
use crate::db::access::logins::{self, LoginEnd};
use crate::db::access::requests::{self, EndReason};
use crate::db::accounts;
use crate::domain::accounts::account_mails;
use crate::mail::kind::MailKind;
use crate::types::access::{AccessRequestId, AccessState};
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Requests of one round.
const BATCH_SIZE: i64 = 50;

impl Access {
    /// Does everything that is due.
    pub async fn work(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| requests::list_over(conn, BATCH_SIZE);
        for (id, reason) in self.0.db.run("list_over_access", list).await? {
            self.end_request(AccessRequestId::of(id), reason).await?;
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

    /// Ends access whose period is over, or whose owner's account was deleted.
    async fn end_request(&self, id: AccessRequestId, reason: EndReason) -> Result<(), DbError> {
        let (step, action, login_end) = match reason {
            EndReason::Expired => (Step::Expire, "access.expired", LoginEnd::Expired),
            EndReason::Revoked => (Step::Revoke, "access.revoked", LoginEnd::Revoked),
        };
        let ended = self.0.db.tx("end_access", move |conn| {
            let Some(row) = requests::lock(conn, id)? else {
                return Ok(());
            };
            let from = AccessState::parse(&row.state);
            let Some(from) = from.filter(|from| next(*from, step).is_some()) else {
                return Ok(());
            };
            if !requests::end(conn, id, from, reason, None)? {
                return Ok(());
            }
            logins::end_all(conn, id, login_end)?;
            if let Some(account) = accounts::find(conn, row.requester())? {
                account_mails::enqueue(conn, MailKind::AccessEnded, &account)?;
            }
            let detail = json!({ "requester": row.requester_id, "level": row.level, "hours": row.hours });
            append_event(conn, None, &ClientInfo::service(), action, id.subject(), detail)
        });
        ended.await
    }
}
