//! Mails to accounts and the links in them, enqueued in the transaction of the change that causes them.

use crate::crypto::data_keys::DataKeys;
use crate::db::accounts::links::{self, NewLink};
use crate::db::accounts::{AccountRow, credentials};
use crate::db::{PgConnection, QueryResult};
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::{MailLink, OutboxMail};
use crate::types::account::{AccountId, AccountState};
use crate::types::link::LinkPurpose;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A link to create.
#[derive(Clone, Copy, Debug)]
pub struct LinkSpec<'a> {
    /// The account that it belongs to.
    pub account: AccountId,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The new address, for [`LinkPurpose::ChangeEmail`]; the former one, for [`LinkPurpose::UndoEmail`].
    pub email: Option<&'a str>,
    /// Lifetime in seconds.
    pub ttl_seconds: i64,
}

impl LinkSpec<'_> {
    /// A link without a new address, with the lifetime of its purpose.
    pub fn new(account: AccountId, purpose: LinkPurpose) -> Self {
        Self {
            account,
            purpose,
            email: None,
            ttl_seconds: purpose.ttl_seconds(),
        }
    }
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
/// it has no password, a password reset, which confirms the address too. `false`: it is active already.
pub fn enqueue_pending_link(conn: &mut PgConnection, key: &DataKeys, row: &AccountRow) -> QueryResult<bool> {
    let (spec, kind) = match AccountState::parse(&row.state) {
        Some(AccountState::Invited) => (LinkSpec::new(row.id(), LinkPurpose::Invite), MailKind::Invite),
        Some(AccountState::Unconfirmed) => {
            let dates = credentials::load_dates(conn, row.id())?;
            let confirm = LinkSpec::new(row.id(), LinkPurpose::Confirm);
            match dates.password_changed_at {
                Some(_) => (confirm, MailKind::Confirm),
                // It takes the place of a confirmation, and lives as long.
                None => (
                    LinkSpec {
                        purpose: LinkPurpose::Reset,
                        ..confirm
                    },
                    MailKind::ChoosePassword,
                ),
            }
        }
        Some(AccountState::Active) | None => return Ok(false),
    };
    enqueue_with_link(conn, key, &spec, &to_account(kind, row))?;
    Ok(true)
}

/// Enqueues another confirmation of an address. The links that were mailed before remain valid.
pub fn enqueue_another_confirmation(
    conn: &mut PgConnection,
    key: &DataKeys,
    row: &AccountRow,
) -> QueryResult<()> {
    let spec = LinkSpec::new(row.id(), LinkPurpose::Confirm);
    enqueue_with_another_link(conn, key, &spec, &to_account(MailKind::Confirm, row))
}

/// Notifies an account's current address of a change of the address, with a link that undoes it. Earlier ones remain valid:
/// they may restore an earlier address.
pub fn enqueue_with_undo_link(
    conn: &mut PgConnection,
    key: &DataKeys,
    kind: MailKind,
    row: &AccountRow,
) -> QueryResult<()> {
    let spec = LinkSpec {
        email: Some(&row.email),
        ..LinkSpec::new(row.id(), LinkPurpose::UndoEmail)
    };
    enqueue_with_another_link(conn, key, &spec, &to_account(kind, row))
}

fn enqueue_with_another_link(
    conn: &mut PgConnection,
    key: &DataKeys,
    spec: &LinkSpec<'_>,
    mail: &OutboxMail<'_>,
) -> QueryResult<()> {
    let link = Some(store_link(conn, key, spec, links::add)?);
    OutboxMail { link, ..*mail }.enqueue(conn)
}

/// Creates a link without mailing it, and voids the account's older ones of its purpose.
pub fn create_link(conn: &mut PgConnection, key: &DataKeys, spec: &LinkSpec<'_>) -> QueryResult<MailLink> {
    store_link(conn, key, spec, links::create)
}

fn store_link(
    conn: &mut PgConnection,
    key: &DataKeys,
    spec: &LinkSpec<'_>,
    store: fn(&mut PgConnection, &NewLink<'_>) -> QueryResult<DateTime<Utc>>,
) -> QueryResult<MailLink> {
    let (id, key) = (Uuid::new_v4(), key.newest());
    let new = NewLink {
        id,
        token_hash: key.link_token(id).hash(),
        account: spec.account,
        purpose: spec.purpose,
        email: spec.email,
        ttl_seconds: spec.ttl_seconds,
    };
    let expires_at = store(conn, &new)?;
    Ok(MailLink {
        id,
        key: key.id(),
        expires_at,
    })
}

/// A mail to an account's own address, without a link. Until the address is confirmed, the name is whatever the client that
/// registered it chose: a message to its owner, perhaps. Such a mail names no one.
pub fn to_account(kind: MailKind, row: &AccountRow) -> OutboxMail<'_> {
    let name = if row.is(AccountState::Unconfirmed) {
        ""
    } else {
        row.name.as_str()
    };
    OutboxMail {
        kind,
        to: &row.email,
        name,
        link: None,
    }
}
