//! Decisions on requests. Each locks the request, so that of two concurrent ones the second finds the state of the first.

use super::ending::Ending;
use super::error::AccessError;
use super::state::{Step, next};
use super::{Access, Author, RequestRow, may_see, notices};
use crate::db::access::requests;
use crate::db::{PgConnection, QueryResult, accounts};
use crate::domain::accounts::account_mails;
use crate::domain::sessions::caller::{Approver, SignedIn};
use crate::mail::kind::MailKind;
use crate::types::access::{AccessReason, AccessRequestId, AccessState};
use crate::types::access_end::AccessEnd;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// An approver's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The period begins now.
    Approve,
    /// No access.
    Deny,
}

/// A locked request that permits a step.
struct Current {
    row: RequestRow,
    from: AccessState,
    to: AccessState,
}

impl Access {
    /// Decides on a request of another person.
    pub async fn decide(
        &self,
        approver: &Approver,
        client: &ClientInfo,
        id: AccessRequestId,
        decision: Decision,
        reason: AccessReason,
    ) -> Result<RequestRow, AccessError> {
        let (step, action) = match decision {
            Decision::Approve => (Step::Approve, "access.approved"),
            Decision::Deny => (Step::Deny, "access.denied"),
        };
        let by = Author::of(approver.signed_in(), client);
        let decided = self.step("decide_access", by, id, step, move |conn, by, current| {
            let row = &current.row;
            if decision == Decision::Approve && row.is_requester_deleted() {
                return Ok(Err(AccessError::RequesterDeleted));
            }
            requests::decide(conn, row, current.from, current.to, by.who.account(), &reason)?;
            if decision == Decision::Approve {
                notices::notify_of_approval(conn, row, by.who.account())?;
            } else if let Some(account) = accounts::find(conn, row.requester())? {
                account_mails::enqueue(conn, MailKind::AccessDenied, &account)?;
            }
            let detail = json!({ "requester": row.requester_id, "level": row.level, "hours": row.hours });
            by.append_event(conn, action, id, detail).map(Ok)
        });
        let decided = decided.await;
        if decided.is_ok() {
            self.wake();
        }
        decided
    }

    /// Takes back the caller's own request before a decision.
    pub async fn withdraw(
        &self,
        who: &SignedIn,
        client: &ClientInfo,
        id: AccessRequestId,
    ) -> Result<RequestRow, AccessError> {
        let by = Author::of(who, client);
        let withdraw = move |conn: &mut PgConnection, by: &Author, current: &Current| {
            requests::withdraw(conn, id, current.from, by.who.account())?;
            by.append_event(conn, "access.withdrawn", id, json!({})).map(Ok)
        };
        self.step("withdraw_access", by, id, Step::Withdraw, withdraw)
            .await
    }

    /// Ends approved access, as its requester, an approver or an administrator. Needs no recent proof: in an emergency every
    /// second counts, and it reduces rights.
    pub async fn revoke(
        &self,
        who: &SignedIn,
        client: &ClientInfo,
        id: AccessRequestId,
    ) -> Result<RequestRow, AccessError> {
        let by = Author::of(who, client);
        let revoke = move |conn: &mut PgConnection, by: &Author, _: &Current| {
            let ending = Ending {
                reason: AccessEnd::Revoked,
                by: Some(by.who.account()),
                client: &by.client,
            };
            match ending.end(conn, id)? {
                Some(row) => ending.append_event(conn, &row).map(Ok),
                None => Ok(Err(AccessError::NotFound)),
            }
        };
        let revoked = self.step("revoke_access", by, id, Step::Revoke, revoke).await?;
        // The response waits until the sessions of this access have ended: not for other logins, nor for Vault. What fails now is tried
        // again by the worker.
        let _ = self.end_in_postgres(Some(id)).await;
        self.wake();
        Ok(revoked)
    }

    /// Changes a request that permits this step, in one transaction with the consequences; returns the changed request.
    async fn step(
        &self,
        name: &'static str,
        by: Author,
        id: AccessRequestId,
        step: Step,
        change: impl FnOnce(&mut PgConnection, &Author, &Current) -> QueryResult<Result<(), AccessError>>
        + Send
        + 'static,
    ) -> Result<RequestRow, AccessError> {
        let changed = self.0.db.tx(name, move |conn| {
            // Before the request, in the order of changes that end the account's access: none of them overlaps with an approval.
            if step == Step::Approve
                && let Some(row) = requests::find(conn, id)?
            {
                accounts::lock(conn, row.requester())?;
            }
            let current = match current(conn, &by, id, step)? {
                Ok(current) => current,
                Err(error) => return Ok(Err(error)),
            };
            if let Err(error) = change(conn, &by, &current)? {
                return Ok(Err(error));
            }
            Ok(requests::find(conn, id)?.ok_or(AccessError::NotFound))
        });
        changed.await?
    }
}

/// Locks the request and computes its next state.
fn current(
    conn: &mut PgConnection,
    by: &Author,
    id: AccessRequestId,
    step: Step,
) -> QueryResult<Result<Current, AccessError>> {
    let row = requests::lock(conn, id)?;
    if !by.who.is_still_signed_in(conn)? {
        return Ok(Err(AccessError::SignedOut));
    }
    let Some(row) = row.filter(|row| may_see(&by.who, row)) else {
        return Ok(Err(AccessError::NotFound));
    };
    let is_own = row.requester() == by.who.account();
    match step {
        Step::Approve | Step::Deny if is_own => return Ok(Err(AccessError::OwnRequest)),
        Step::Withdraw if !is_own => return Ok(Err(AccessError::NotFound)),
        _ => {}
    }
    let Some(from) = AccessState::parse(&row.state) else {
        return Ok(Err(AccessError::NotFound));
    };
    Ok(match next(from, step) {
        Some(to) => Ok(Current { row, from, to }),
        None => Err(AccessError::WrongState(from.as_str())),
    })
}
