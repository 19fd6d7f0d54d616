//! Mails about requests to people who neither made nor decided them: they notice what two accounts of one person would hide.

use crate::db::access::requests::RequestRow;
use crate::db::accounts::AccountRow;
use crate::db::{PgConnection, QueryResult, accounts};
use crate::domain::accounts::account_mails;
use crate::mail::kind::MailKind;
use crate::types::account::AccountId;
use crate::types::role::Role;

/// Notifies the approvers of a request, except its requester.
pub(super) fn notify_of_request(conn: &mut PgConnection, requester: AccountId) -> QueryResult<()> {
    let approvers = accounts::list_active(conn, &[Role::Approver])?;
    let others = approvers.iter().filter(|row| row.id() != requester);
    enqueue_all(conn, MailKind::AccessRequested, others)
}

/// Notifies the requester, the other approvers and the administrators of an approval.
pub(super) fn notify_of_approval(
    conn: &mut PgConnection,
    request: &RequestRow,
    approver: AccountId,
) -> QueryResult<()> {
    let mut recipients = accounts::list_active(conn, &[Role::Approver, Role::Admin])?;
    recipients.retain(|row| row.id() != approver && row.id() != request.requester());
    recipients.extend(accounts::find(conn, request.requester())?);
    enqueue_all(conn, MailKind::AccessApproved, &recipients)
}

fn enqueue_all<'a>(
    conn: &mut PgConnection,
    kind: MailKind,
    recipients: impl IntoIterator<Item = &'a AccountRow>,
) -> QueryResult<()> {
    let mut recipients = recipients.into_iter();
    recipients.try_for_each(|row| account_mails::enqueue(conn, kind, row))
}
