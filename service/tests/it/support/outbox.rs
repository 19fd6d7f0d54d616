//! Letters, put into a database's outbox as the rules do it.
use super::database::Database;
use diesel::connection::Connection;
use portcullis::mail::letter::{Letter, Link};
use portcullis::mail::text::Kind;
use portcullis::types::clock;
use portcullis::types::email::Email;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Puts a letter into the outbox; the link in it.
pub fn put(database: &Database, kind: Kind, to: &str) -> Option<Uuid> {
    put_many(database, kind, &[to.to_owned()]).pop().unwrap()
}

/// Puts letters into the outbox, in one transaction; the link in each.
pub fn put_many(database: &Database, kind: Kind, to: &[String]) -> Vec<Option<Uuid>> {
    let mut conn = database.login("accounts");
    let put = |conn: &mut _| {
        let one = |to: &String| {
            let link = kind.has_token().then(|| Link {
                id: Uuid::new_v4(),
                expires_at: clock::now() + chrono::TimeDelta::hours(1),
            });
            let letter = Letter {
                kind,
                to: &Email::parse(to).unwrap(),
                name: "Ann",
                link,
            };
            letter.put(conn).map(|()| link.map(|link| link.id))
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
