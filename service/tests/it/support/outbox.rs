//! Mails inserted into the outbox of a database without the service.

use super::database::{DATA_KEY, Database};
use diesel::connection::Connection;
use portcullis::crypto::data_key::DataKey;
use portcullis::mail::kind::MailKind;
use portcullis::mail::outbox_mail::{MailLink, OutboxMail};
use portcullis::types::clock;
use uuid::Uuid;

/// Inserts a mail; returns the ID of its link, if it has one.
pub fn insert(database: &Database, kind: MailKind, to: &str) -> Option<Uuid> {
    insert_many(database, kind, &[to.to_owned()]).pop().unwrap()
}

/// Inserts mails in one transaction; returns the IDs of their links.
pub fn insert_many(database: &Database, kind: MailKind, to: &[String]) -> Vec<Option<Uuid>> {
    let mut conn = database.login("accounts");
    let insert = |conn: &mut _| {
        let one = |to: &String| {
            let link = kind.has_token().then(|| MailLink {
                id: Uuid::new_v4(),
                key: DataKey::parse(DATA_KEY).unwrap().id(),
                expires_at: clock::now() + chrono::TimeDelta::hours(1),
            });
            let mail = OutboxMail {
                kind,
                to,
                name: "Ann",
                link,
            };
            mail.enqueue(conn).map(|()| link.map(|link| link.id))
        };
        to.iter().map(one).collect()
    };
    conn.transaction::<_, diesel::result::Error, _>(insert).unwrap()
}
