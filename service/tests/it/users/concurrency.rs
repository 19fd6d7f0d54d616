//! Concurrent changes by administrators.

use crate::support::admin_client::AdminClient;
use diesel::Connection;
use portcullis::crypto::tokens::PlainToken;
use portcullis::db::accounts::{self, links};
use portcullis::types::account::AccountId;
use portcullis::types::link::LinkPurpose;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// D7: Of two concurrent updates of the same version, one is rejected.
#[test]
fn of_two_concurrent_updates_one_is_rejected() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    for _ in 0..10 {
        let etag = admin.etag(id);
        let mut statuses = thread::scope(|scope| {
            let update = |name: &'static str| {
                let (admin, etag) = (&admin, &etag);
                scope.spawn(move || {
                    admin
                        .update(id, etag, &json!({"email": "ann@example.org", "name": name}))
                        .status
                })
            };
            let both = [update("One"), update("Two")];
            both.map(|thread| thread.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

/// D6: Of fifty concurrent requests to create the same address in different spellings, one succeeds.
#[test]
fn of_fifty_concurrent_creations_one_succeeds() {
    let admin = AdminClient::fresh();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..50u32)
            .map(|number| {
                let admin = &admin;
                scope.spawn(move || {
                    let spelling = "ann.example"
                        .char_indices()
                        .map(|(at, c)| match number >> (at % 6) & 1 {
                            1 => c.to_ascii_uppercase(),
                            _ => c,
                        });
                    let email = format!("{}@example.org", spelling.collect::<String>());
                    let created = admin.create(&json!({ "email": email }));
                    if created.status != 201 {
                        assert_eq!(
                            created.problem(409)["type"],
                            "urn:portcullis:problem:address-taken"
                        );
                    }
                    created.status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    let count =
        "SELECT count(*)::text AS line FROM accounts.accounts WHERE email_key = 'ann.example@example.org'";
    assert_eq!(admin.database.lines(count), ["1"]);
    assert_eq!(admin.mails().len(), 1);
    let found = admin.get("/users?q=ann.example").json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(1), "{found}");
}

/// D9: Closing a link locks its account first, as a deletion does: accepting an invitation meanwhile neither deadlocks nor
/// succeeds.
#[test]
fn closing_a_link_locks_its_account_first() {
    let admin = AdminClient::fresh();
    let id = AccountId::of(admin.create_user("ann@example.org"));
    let token = PlainToken::parse(&admin.link_token(id.get())).unwrap().hash();
    thread::scope(|scope| {
        let deleted = admin.database.login("accounts").transaction(|conn| {
            accounts::lock(conn, id)?;
            let used = scope.spawn(|| {
                let mut conn = admin.database.login("accounts");
                conn.transaction(|conn| {
                    let link = links::close(conn, LinkPurpose::Invite, token)?;
                    accounts::lock(conn, id)?;
                    diesel::QueryResult::Ok(link)
                })
            });
            thread::sleep(Duration::from_millis(300));
            links::close_all(conn, id)?;
            diesel::QueryResult::Ok(used)
        });
        assert_eq!(
            deleted.unwrap().join().unwrap(),
            Ok(None),
            "the link was revoked first"
        );
    });
}
