//! Many administrators at the same time.
use crate::support::admin_client::AdminClient;
use diesel::Connection;
use portcullis::crypto::tokens::PlainToken;
use portcullis::db::accounts::{self, links};
use portcullis::types::account::AccountId;
use portcullis::types::link::Purpose;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// D7: of two parallel changes of the same version one is refused, however often it is tried.
#[test]
fn of_two_parallel_changes_one_is_refused() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    for _ in 0..10 {
        let tag = admin.etag(id);
        let mut statuses = thread::scope(|scope| {
            let put = |name: &'static str| {
                let (admin, tag) = (&admin, &tag);
                scope.spawn(move || {
                    admin
                        .update(id, tag, &json!({"email": "ann@example.org", "name": name}))
                        .status
                })
            };
            let both = [put("One"), put("Two")];
            both.map(|one| one.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

/// D6: 50 at the same time, each in another spelling.
#[test]
fn of_fifty_parallel_users_of_one_address_one_is_made() {
    let admin = AdminClient::fresh();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let each: Vec<_> = (0..50u32)
            .map(|number| {
                let admin = &admin;
                scope.spawn(move || {
                    let spelled = "ann.example"
                        .char_indices()
                        .map(|(at, c)| match number >> (at % 6) & 1 {
                            1 => c.to_ascii_uppercase(),
                            _ => c,
                        });
                    let email = format!("{}@example.org", spelled.collect::<String>());
                    let made = admin.create(&json!({ "email": email }));
                    if made.status != 201 {
                        assert_eq!(made.problem(409)["type"], "urn:portcullis:problem:address-taken");
                    }
                    made.status
                })
            })
            .collect();
        each.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    let left =
        "SELECT count(*)::text AS line FROM accounts.accounts WHERE email_key = 'ann.example@example.org'";
    assert_eq!(admin.database.lines(left), ["1"]);
    assert_eq!(admin.mails().len(), 1);
    let seen = admin.get("/users?q=ann.example").json();
    assert_eq!(seen["users"].as_array().map(Vec::len), Some(1), "{seen}");
}

/// D4, D9: an invitation is accepted while its account is being deleted: one waits for the other, and neither for ever.
#[test]
fn a_link_is_used_while_its_account_changes() {
    let admin = AdminClient::fresh();
    let id = AccountId::of(admin.create_user("ann@example.org"));
    let token = PlainToken::parse(&admin.link_token(id.get())).unwrap().hash();
    thread::scope(|scope| {
        let deleted = admin.database.login("accounts").transaction(|conn| {
            accounts::lock(conn, id)?;
            let used = scope.spawn(|| {
                let mut conn = admin.database.login("accounts");
                conn.transaction(|conn| {
                    let link = links::close(conn, Purpose::Invite, token)?;
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
            "the link was void by then"
        );
    });
}
