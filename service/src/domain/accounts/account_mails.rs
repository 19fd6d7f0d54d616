//! Mails to accounts and the links in them, enqueued in the transaction of the change that causes them.

use crate::crypto::data_keys::DataKeys;
use crate::db::accounts::links::{self, NewLink};
use crate::db::accounts::{AccountRow, credentials};
use crate::db::{PgConnection, QueryResult};
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::{MailLink, OutboxMail};
use crate::types::account::{AccountId, AccountState};
use crate::types::link::LinkPurpose;
use uuid::Uuid;

/// A link to create.
#[derive(Clone, Copy, Debug)]
pub struct LinkSpec<'a> {
    /// The account that it belongs to.
    pub account: AccountId,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The new address, for [`LinkPurpose::ChangeEmail`].
    pub email: Option<&'a str>,
}

/// Enqueues a mail without a link to an account's own address.
pub fn enqueue(conn: &mut PgConnection, kind: MailKind, row: &AccountRow) -> QueryResult<()> {
    to_account(kind, row).enqueue(conn)
}

/// Creates a link, which voids the account's older ones of its purpose, and enqueues the mail that carries it.
pub fn enqueue_with_link(
    conn: &mut PgConnection,
    key: &DataKeys,
    spec: &LinkSpec<'_>,
    mail: &OutboxMail<'_>,
) -> QueryResult<()> {
    let link = Some(create_link(conn, key, spec)?);
    OutboxMail { link, ..*mail }.enqueue(conn)
}

/// Enqueues the link that an account needs to become active: its invitation, the confirmation of its address, or, where
/// it has no password yet, a password reset, which confirms the address too. `false`: it is active already.
pub fn enqueue_pending_link(conn: &mut PgConnection, key: &DataKeys, row: &AccountRow) -> QueryResult<bool> {
    let (purpose, kind) = match AccountState::parse(&row.state) {
        Some(AccountState::Invited) => (LinkPurpose::Invite, MailKind::Invite),
        Some(AccountState::Unconfirmed) => {
            let dates = credentials::load_dates(conn, row.id())?;
            match dates.password_changed_at {
                Some(_) => (LinkPurpose::Confirm, MailKind::Confirm),
                None => (LinkPurpose::Reset, MailKind::Reset),
            }
        }
        Some(AccountState::Active) | None => return Ok(false),
    };
    let spec = LinkSpec {
        account: row.id(),
        purpose,
        email: None,
    };
    enqueue_with_link(conn, key, &spec, &to_account(kind, row))?;
    Ok(true)
}

/// Creates a link without mailing it, and voids the account's older ones of its purpose.
pub fn create_link(conn: &mut PgConnection, key: &DataKeys, spec: &LinkSpec<'_>) -> QueryResult<MailLink> {
    let (id, key) = (Uuid::new_v4(), key.newest());
    let new = NewLink {
        id,
        token_hash: key.link_token(id).hash(),
        account: spec.account,
        purpose: spec.purpose,
        email: spec.email,
    };
    let expires_at = links::create(conn, &new)?;
    Ok(MailLink {
        id,
        key: key.id(),
        expires_at,
    })
}

/// A mail to an account's own address, without a link.
pub fn to_account(kind: MailKind, row: &AccountRow) -> OutboxMail<'_> {
    OutboxMail {
        kind,
        to: &row.email,
        name: &row.name,
        link: None,
    }
}
