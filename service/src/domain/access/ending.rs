//! The end of approved access: its period is over, a person revokes it, or the account that has it changes.

use super::append_event;
use super::state::{Step, next};
use crate::db::access::logins::{self, LoginEnd};
use crate::db::access::requests::{self, RequestRow};
use crate::db::{PgConnection, QueryResult, accounts};
use crate::domain::accounts::account_mails;
use crate::mail::kind::MailKind;
use crate::types::access::{AccessRequestId, AccessState};
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Why access ends, and who ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    /// Why.
    pub(super) reason: AccessEnd,
    /// The account that ends it. `None`: the service or an operator.
    pub(super) by: Option<AccountId>,
    /// The origin of the request.
    pub(super) client: &'a ClientInfo,
}

impl Ending<'_> {
    /// Ends the access of a request and its logins, and notifies the requester. `None`: its state does not permit it. To be
    /// followed by [`Ending::append_event`].
    pub(super) fn end(
        &self,
        conn: &mut PgConnection,
        id: AccessRequestId,
    ) -> QueryResult<Option<RequestRow>> {
        let (step, login_end) = match self.reason {
            AccessEnd::Expired => (Step::Expire, LoginEnd::Expired),
            _ => (Step::Revoke, LoginEnd::Revoked),
        };
        let Some(row) = requests::lock(conn, id)? else {
            return Ok(None);
        };
        let from = AccessState::parse(&row.state).filter(|from| next(*from, step).is_some());
        let Some(from) = from else {
            return Ok(None);
        };
        requests::end(conn, id, from, self.reason, self.by)?;
        logins::end_all(conn, id, login_end)?;
        if let Some(account) = accounts::find(conn, row.requester())? {
            account_mails::enqueue(conn, MailKind::AccessEnded, &account)?;
        }
        requests::find(conn, id)
    }

    /// Appends the audit event of an end. To be called last in its transaction.
    pub(super) fn append_event(&self, conn: &mut PgConnection, row: &RequestRow) -> QueryResult<()> {
        let action = match self.reason {
            AccessEnd::Expired => "access.expired",
            _ => "access.revoked",
        };
        let detail = json!({
            "requester": row.requester_id,
            "level": row.level,
            "hours": row.hours,
            "why": self.reason.as_str(),
        });
        append_event(conn, self.by, self.client, action, row.id().subject(), detail)
    }
}

/// Ends all approved access of an account. To be called behind all locks of its transaction, the account's included.
pub fn end_access(
    conn: &mut PgConnection,
    account: AccountId,
    by: Option<AccountId>,
    client: &ClientInfo,
    reason: AccessEnd,
) -> QueryResult<()> {
    let ending = Ending { reason, by, client };
    let mut ended = Vec::new();
    for id in requests::list_approved(conn, account)? {
        ended.extend(ending.end(conn, id)?);
    }
    for row in &ended {
        ending.append_event(conn, row)?;
    }
    Ok(())
}
