//! Mails, enqueued in a database's outbox as the service does it.
use super::database::Database;
use diesel::connection::Connection;
use portcullis::mail::kind::MailKind;
use portcullis::mail::outbox_mail::{MailLink, OutboxMail};
use portcullis::types::clock;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Enqueues a mail; returns the link in it.
pub fn put(database: &Database, kind: MailKind, to: &str) -> Option<Uuid> {
    put_many(database, kind, &[to.to_owned()]).pop().unwrap()
}

/// Enqueues mails in one transaction; returns the link in each.
pub fn put_many(database: &Database, kind: MailKind, to: &[String]) -> Vec<Option<Uuid>> {
    let mut conn = database.login("accounts");
    let put = |conn: &mut _| {
        let one = |to: &String| {
            let link = kind.has_token().then(|| MailLink {
                id: Uuid::new_v4(),
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
    conn.transaction::<_, diesel::result::Error, _>(put).unwrap()
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}
