//! Mails that are to be sent: written in the transaction that is their reason.
use super::schema::mail::outbox;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// A mail that is to be sent.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox)]
pub struct NewMail<'a> {
    /// Local part of its Message-ID; random.
    pub message_id: Uuid,
    /// Which text: a word of `mail::text::Kind`.
    pub kind: &'a str,
    /// The address.
    pub recipient: &'a str,
    /// What the text is made with. Never a token.
    pub data: Value,
    /// The link in it.
    pub link_id: Option<Uuid>,
    /// When it is not worth sending any more.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Puts a mail into the outbox.
pub fn put(conn: &mut PgConnection, mail: &NewMail<'_>) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values(mail)
        .execute(conn)
        .map(drop)
}
