//! A mail to enqueue in the outbox, inside the transaction of the change that causes it.

use super::kind::MailKind;
use crate::db::outbox::{self, NewMail};
use crate::db::{PgConnection, QueryResult};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// A mail: its kind, its recipient and its link.
#[derive(Clone, Copy, Debug)]
pub struct OutboxMail<'a> {
    /// Which text.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: &'a str,
    /// The account's name; may be empty.
    pub name: &'a str,
    /// The link in it, for kinds that have one: [`MailKind::has_token`].
    pub link: Option<MailLink>,
}

/// A row of `accounts.links`, as far as a mail needs it.
#[derive(Clone, Copy, Debug)]
pub struct MailLink {
    /// Its id, from which the token is derived.
    pub id: Uuid,
    /// When it expires. The mail states it, and is not sent later.
    pub expires_at: DateTime<Utc>,
}

impl OutboxMail<'_> {
    /// Enqueues the mail. It is sent after the transaction commits, and never if it rolls back.
    pub fn enqueue(&self, conn: &mut PgConnection) -> QueryResult<()> {
        let data = if self.name.is_empty() {
            json!({})
        } else {
            json!({ "name": self.name })
        };
        let mail = NewMail {
            message_id: Uuid::new_v4(),
            kind: self.kind.as_str(),
            recipient: self.to,
            data,
            link_id: self.link.map(|link| link.id),
            expires_at: self.link.map(|link| link.expires_at),
        };
        outbox::put(conn, &mail)
    }
}
