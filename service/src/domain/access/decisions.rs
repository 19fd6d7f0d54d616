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

/// A locked request and its state, or why it does not allow the step.
type Current = Result<(RequestRow, AccessState, AccessState), AccessError>;

impl Access {
    /// Approves a request of another person: the period begins now.
    pub async fn approve(
        &self,
        approver: &Approver,
        client: &ClientInfo,
        id: AccessRequestId,
        reason: AccessReason,
    ) -> Result<RequestRow, AccessError> {
        self.decide(approver, client, id, reason, Step::Approve).await
    }

    /// Denies a request of another person.
    pub async fn deny(
        &self,
        approver: &Approver,
        client: &ClientInfo,
        id: AccessRequestId,
        reason: AccessReason,
    ) -> Result<RequestRow, AccessError> {
        self.decide(approver, client, id, reason, Step::Deny).await
    }

    async fn decide(
        &self,
        approver: &Approver,
        client: &ClientInfo,
        id: AccessRequestId,
        reason: AccessReason,
        step: Step,
    ) -> Result<RequestRow, AccessError> {
        let by = Author::of(approver.signed_in(), client);
        let decided = self.0.db.tx("decide_access", move |conn| {
            // Before the request, in the order of changes that end the account's access: none of them overlaps with an approval.
            if let Some(row) = requests::find(conn, id)? {
                accounts::lock(conn, row.requester())?;
            }
            let (row, from, to) = match current(conn, &by, id, step)? {
                Ok(current) => current,
                Err(error) => return Ok(Err(error)),
            };
            if step == Step::Approve && row.is_requester_deleted() {
                return Ok(Err(AccessError::RequesterDeleted));
            }
            if !requests::decide(conn, &row, from, to, by.who.account(), &reason)? {
                return Ok(Err(AccessError::WrongState(from.as_str())));
            }
            let action = match step {
                Step::Approve => "access.approved",
                _ => "access.denied",
            };
            if step == Step::Approve {
                notices::notify_of_approval(conn, &row, by.who.account())?;
            } else if let Some(account) = accounts::find(conn, row.requester())? {
                account_mails::enqueue(conn, MailKind::AccessDenied, &account)?;
            }
            let row = requests::find(conn, id)?;
            by.append_event(conn, action, id, requested(row.as_ref()))?;
            Ok(row.ok_or(AccessError::NotFound))
        });
        let decided = decided.await?;
        if decided.is_ok() && step == Step::Approve {
            self.0.work.notify_one();
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
        let withdrawn = self.0.db.tx("withdraw_access", move |conn| {
            let (_, from, _) = match current(conn, &by, id, Step::Withdraw)? {
                Ok(current) => current,
                Err(error) => return Ok(Err(error)),
            };
            if !requests::withdraw(conn, id, from, by.who.account())? {
                return Ok(Err(AccessError::WrongState(from.as_str())));
            }
            let row = requests::find(conn, id)?;
            by.append_event(conn, "access.withdrawn", id, json!({}))?;
            Ok(row.ok_or(AccessError::NotFound))
        });
        withdrawn.await?
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
        let revoked = self.0.db.tx("revoke_access", move |conn| {
            if let Err(error) = current(conn, &by, id, Step::Revoke)? {
                return Ok(Err(error));
            }
            let ending = Ending {
                reason: AccessEnd::Revoked,
                by: Some(by.who.account()),
                client: &by.client,
            };
            let Some(row) = ending.end(conn, id)? else {
                return Ok(Err(AccessError::NotFound));
            };
            ending.append_event(conn, &row)?;
            Ok(Ok(row))
        });
        let revoked = revoked.await??;
        // The response waits until the sessions have ended, and for Vault; what fails now is tried again by the worker.
        if self.revoke_ended().await.is_err() {
            self.0.work.notify_one();
        }
        Ok(revoked)
    }
}

/// Locks the request and computes its next state.
fn current(conn: &mut PgConnection, by: &Author, id: AccessRequestId, step: Step) -> QueryResult<Current> {
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
        Some(to) => Ok((row, from, to)),
        None => Err(AccessError::WrongState(from.as_str())),
    })
}

/// The detail of an event: what was requested, and by which account.
fn requested(row: Option<&RequestRow>) -> serde_json::Value {
    row.map_or_else(
        || json!({}),
        |row| json!({ "requester": row.requester_id, "level": row.level, "hours": row.hours }),
    )
}
