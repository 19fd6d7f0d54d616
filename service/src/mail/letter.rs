//! Putting a letter into the outbox: what the rules call, inside the transaction that is the letter's reason.
use super::text::Kind;
use crate::db::outbox::{self, NewMail};
use crate::types::email::Email;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use serde_json::json;
use uuid::Uuid;

/// A letter to somebody.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Which.
    pub kind: Kind,
    /// To whom.
    pub to: &'a Email,
    /// The account's name; may be empty.
    pub name: &'a str,
    /// The link in it, for kinds that have one: [`Kind::has_token`].
    pub link: Option<Link>,
}

/// A row of `accounts.links`.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Its id, which the token follows from.
    pub id: Uuid,
    /// When it ends: the mail says so, and is not sent later.
    pub expires_at: DateTime<Utc>,
}

impl Letter<'_> {
    /// Puts it into the outbox. It leaves when the transaction is committed, and never when it is not.
    pub fn put(&self, conn: &mut PgConnection) -> QueryResult<()> {
        let mail = NewMail {
            message_id: Uuid::new_v4(),
            kind: self.kind.word(),
            recipient: self.to.as_str(),
            data: json!({ "name": self.name }),
            link_id: self.link.map(|link| link.id),
            expires_at: self.link.map(|link| link.expires_at),
        };
        outbox::put(conn, &mail)
    }
}
