//! `/users`: pagination, sorting and search.

use crate::support::admin_client::AdminClient;
use portcullis::types::user_sort::UserSort;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Inserts the accounts of a range, so that no column is in insertion order.
fn insert_users(admin: &AdminClient, from: u32, to: u32) {
    admin.execute(&format!(
        "INSERT INTO accounts.accounts (email, email_key, name, state, created_at)
         SELECT 'U.' || md5(n::text) || '@example.org', 'u.' || md5(n::text) || '@example.org', 'Name ' || n, 'invited',
                now() - (n * 7919 % 1000) * interval '1 second'
         FROM generate_series({from}, {to}) n"
    ));
}

/// The IDs of all users on all pages, following the `next` links; `between` runs between two pages.
fn list_all(admin: &AdminClient, first: &str, mut between: impl FnMut()) -> Vec<i64> {
    let (mut path, mut ids) = (first.to_owned(), Vec::new());
    loop {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let users = page.json()["users"].as_array().unwrap().clone();
        ids.extend(users.iter().map(|user| user["id"].as_i64().unwrap()));
        let link = page.header("link").to_owned();
        if link.is_empty() {
            return ids;
        }
        assert!(!users.is_empty() && link.ends_with(">; rel=\"next\""), "{link}");
        assert!(
            !link.contains("example.org"),
            "a link contains an address: {link}"
        );
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        between();
    }
}

/// The IDs in the order of the database.
fn expected(admin: &AdminClient, order: &str) -> Vec<i64> {
    let ids = admin.database.lines(&format!(
        "SELECT id::text AS line FROM accounts.accounts WHERE deleted_at IS NULL ORDER BY {order}"
    ));
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

/// D5: Pages cover every sort order completely, even where several users have the same value.
#[test]
fn pages_cover_every_sort_order() {
    let admin = AdminClient::fresh();
    insert_users(&admin, 1, 230);
    // Many users have the same creation time.
    admin.execute("UPDATE accounts.accounts SET created_at = date_trunc('minute', created_at)");
    for (sort, _) in UserSort::ALL {
        let column = sort.trim_start_matches('-').replace("email", "email_key");
        let direction = if sort.starts_with('-') { "DESC" } else { "ASC" };
        let order = format!("{column} {direction}, id {direction}");
        assert_eq!(
            list_all(&admin, &format!("/users?sort={sort}&limit=50"), || ()),
            expected(&admin, &order),
            "{sort}"
        );
    }
    assert_eq!(list_all(&admin, "/users?limit=1000", || ()).len(), 231);
    assert_eq!(admin.get("/users").json()["users"].as_array().unwrap().len(), 100);
    // A page that is exactly full has no `next` link.
    assert_eq!(admin.get("/users?limit=231").header("link"), "");
}

/// D5: Under concurrent inserts and deletions, a user who exists throughout is listed exactly unique.
#[test]
fn concurrent_inserts_cause_no_gap_and_no_duplicate() {
    let admin = AdminClient::fresh();
    insert_users(&admin, 1, 300);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in (1000..6000).step_by(5) {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                insert_users(&admin, n, n + 4);
            }
        });
        for (sort, _) in UserSort::ALL {
            let before = expected(&admin, "id");
            let mut candidates = before[before.len() / 2..].iter();
            let mut deleted = Vec::new();
            let listed = list_all(&admin, &format!("/users?sort={sort}&limit=40"), || {
                // Delete up to three users, including one after which the next page starts.
                deleted.extend(candidates.next().filter(|_| deleted.len() < 3).inspect(|id| {
                    assert_eq!(admin.delete(**id).status, 200);
                }));
            });
            let mut unique = listed.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), listed.len(), "{sort}: listed twice");
            let missing = before
                .iter()
                .filter(|id| !listed.contains(id) && !deleted.contains(id));
            assert_eq!(missing.count(), 0, "{sort}: a gap");
        }
        done.store(true, Ordering::Relaxed);
    });
}

fn emails(admin: &AdminClient, query: &str) -> Vec<String> {
    let page = admin.get(&format!("/users?{query}"));
    assert_eq!(page.status, 200, "{query}: {page:?}");
    let users = page.json()["users"].as_array().unwrap().clone();
    users
        .iter()
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect()
}

/// D5: A search matches address and name, ignores case, and treats wildcards and quotes literally.
#[test]
fn a_search_matches_address_and_name_literally() {
    let admin = AdminClient::fresh();
    for (email, name) in [
        ("Ann.Baker@Example.org", "Ann"),
        ("b_b@example.org", "100% Bob"),
        ("c@example.org", "Back\\Slash O'Neill"),
        ("bxb@example.org", "Þóra Ágústsdóttir"),
    ] {
        let body = serde_json::json!({"email": email, "name": name});
        assert_eq!(admin.create(&body).status, 201);
    }
    for (q, found) in [
        ("ANN.bAKER", vec!["Ann.Baker@Example.org"]),
        ("baker@example.org", vec!["Ann.Baker@Example.org"]),
        ("bob", vec!["b_b@example.org"]),
        ("b_b", vec!["b_b@example.org"]),
        ("%25", vec!["b_b@example.org"]),
        ("100%25", vec!["b_b@example.org"]),
        ("%5C", vec!["c@example.org"]),
        ("o%27neill", vec!["c@example.org"]),
        ("%C3%9E%C3%B3ra", vec!["bxb@example.org"]),
        ("%27%20OR%201%3D1--", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(emails(&admin, &format!("q={q}")), found, "{q}");
    }
    assert_eq!(
        emails(&admin, "q=example&sort=-email&limit=2"),
        ["c@example.org", "bxb@example.org"]
    );
    assert_eq!(
        list_all(&admin, "/users?q=example&sort=-email&limit=2", || ()).len(),
        5
    );
}

/// D5: Deleted users are listed only with `deleted=true`.
#[test]
fn deleted_users_are_listed_separately() {
    let admin = AdminClient::fresh();
    insert_users(&admin, 1, 30);
    let ids = expected(&admin, "id");
    for id in &ids[10..20] {
        assert_eq!(admin.delete(*id).status, 200);
    }
    // Two deleted users with the same address.
    for _ in 0..2 {
        let id = admin.create_user("twice@example.org");
        assert_eq!(admin.delete(id).status, 200);
    }
    assert_eq!(list_all(&admin, "/users?limit=7", || ()).len(), 21);
    for sort in ["id", "-id", "email", "-email", "created_at", "-created_at"] {
        let deleted = list_all(&admin, &format!("/users?deleted=true&limit=5&sort={sort}"), || ());
        assert_eq!(deleted.len(), 12, "{sort}");
    }
    assert_eq!(
        list_all(&admin, "/users?deleted=true&q=twice&limit=1&sort=email", || ()).len(),
        2
    );
    assert_eq!(list_all(&admin, "/users?deleted=false", || ()).len(), 21);
    let one = admin.get("/users?deleted=true&limit=1").json();
    assert!(one["users"][0]["deleted_at"].is_string(), "{one}");
}

/// D5: Every invalid parameter is named.
#[test]
fn every_invalid_parameter_is_named() {
    let admin = AdminClient::fresh();
    insert_users(&admin, 1, 3);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("q=", "q"),
        ("q=%00", "q"),
        ("q=%ff", "q"),
        ("sort=name", "sort"),
        ("sort=", "sort"),
        ("sort=email,id", "sort"),
        ("sort=id;drop", "sort"),
        ("deleted=1", "deleted"),
        ("deleted=", "deleted"),
        ("after=", "after"),
        ("after=7", "after"),
        ("after=%2B%2B", "after"),
        ("after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "after"),
        ("after=1&after=2", "after"),
        ("page=2", "page"),
    ] {
        assert_eq!(
            admin.get(&format!("/users?{query}")).fields(400),
            [format!("query:{field}")],
            "{query}"
        );
    }
    let long = "q".repeat(65);
    let all = admin
        .get(&format!("/users?limit=x&q={long}&sort=x&deleted=x&after=!"))
        .fields(400);
    assert_eq!(all.len(), 5, "{all:?}");
}

/// D5: A cursor is rejected under another sort order, or when it was modified.
#[test]
fn a_cursor_of_another_order_is_rejected() {
    let admin = AdminClient::fresh();
    insert_users(&admin, 1, 10);
    let link = admin.get("/users?sort=email&limit=2").header("link").to_owned();
    let after = link
        .split("after=")
        .nth(1)
        .unwrap()
        .split(['>', '&'])
        .next()
        .unwrap();
    let after = after.replace("%2D", "-").replace("%5F", "_");
    assert_eq!(admin.get(&format!("/users?sort=email&after={after}")).status, 200);
    let mut modified = after.clone();
    modified.replace_range(20..21, if &after[20..21] == "A" { "B" } else { "A" });
    for (sort, after) in [
        ("-email", &after),
        ("id", &after),
        ("created_at", &after),
        ("email", &modified),
    ] {
        assert_eq!(
            admin
                .get(&format!("/users?sort={sort}&after={after}"))
                .fields(400),
            ["query:after"],
            "{sort}"
        );
    }
    let missing: Value = admin.get("/auth/admins").json();
    assert_eq!(missing["admins"].as_array().unwrap().len(), 1);
}
