//! A mail to enqueue in the outbox, inside the transaction of the change that causes it.

use super::kind::MailKind;
use crate::crypto::data_key::DataKeyId;
use crate::db::outbox::{self, NewMail};
use crate::db::{PgConnection, QueryResult};
use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use uuid::Uuid;

/// Member of a mail's data that names the key from which the link's token is derived.
pub const DATA_KEY: &str = "data_key";

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
    /// The data key that derives the token.
    pub key: DataKeyId,
    /// When it expires. The mail states it, and is not sent later.
    pub expires_at: DateTime<Utc>,
}

impl OutboxMail<'_> {
    /// Enqueues the mail. It is sent after the transaction commits, and never if it rolls back.
    pub fn enqueue(&self, conn: &mut PgConnection) -> QueryResult<()> {
        let mut data = Map::new();
        if !self.name.is_empty() {
            data.insert("name".to_owned(), json!(self.name));
        }
        if let Some(link) = self.link {
            data.insert(DATA_KEY.to_owned(), json!(link.key.to_string()));
        }
        let mail = NewMail {
            message_id: Uuid::new_v4(),
            kind: self.kind.as_str(),
            recipient: self.to,
            data: data.into(),
            link_id: self.link.map(|link| link.id),
            expires_at: self.link.map(|link| link.expires_at),
        };
        outbox::put(conn, &mail)
    }
}
