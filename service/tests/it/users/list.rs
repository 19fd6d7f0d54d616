//! `/users`: pages, orders, searches.
use crate::support::admin_client::AdminClient;
use portcullis::types::user_sort::UserSort;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Adds accounts `n` of a range, in no order of any column.
fn fill(admin: &AdminClient, from: u32, to: u32) {
    admin.execute(&format!(
        "INSERT INTO accounts.accounts (email, email_key, name, state, created_at)
         SELECT 'U.' || md5(n::text) || '@example.org', 'u.' || md5(n::text) || '@example.org', 'Name ' || n, 'invited',
                now() - (n * 7919 % 1000) * interval '1 second'
         FROM generate_series({from}, {to}) n"
    ));
}

/// The numbers of all users on all pages, page by page; the links lead.
fn walk(admin: &AdminClient, first: &str, mut between: impl FnMut()) -> Vec<i64> {
    let (mut path, mut seen) = (first.to_owned(), Vec::new());
    loop {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let users = page.json()["users"].as_array().unwrap().clone();
        seen.extend(users.iter().map(|user| user["id"].as_i64().unwrap()));
        let link = page.header("link").to_owned();
        if link.is_empty() {
            return seen;
        }
        assert!(!users.is_empty() && link.ends_with(">; rel=\"next\""), "{link}");
        assert!(!link.contains("example.org"), "a link tells no address: {link}");
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        between();
    }
}

/// The numbers in the order that the database has for a column.
fn expected(admin: &AdminClient, order: &str) -> Vec<i64> {
    let ids = admin.database.lines(&format!(
        "SELECT id::text AS line FROM accounts.accounts WHERE deleted_at IS NULL ORDER BY {order}"
    ));
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

/// D5: each order, with pages that end between two of the same value.
#[test]
fn pages_lead_through_every_order() {
    let admin = AdminClient::fresh();
    fill(&admin, 1, 230);
    // Many at the same time.
    admin.execute("UPDATE accounts.accounts SET created_at = date_trunc('minute', created_at)");
    for (word, _) in UserSort::ALL {
        let column = word.trim_start_matches('-').replace("email", "email_key");
        let direction = if word.starts_with('-') { "DESC" } else { "ASC" };
        let order = format!("{column} {direction}, id {direction}");
        assert_eq!(
            walk(&admin, &format!("/users?sort={word}&limit=50"), || ()),
            expected(&admin, &order),
            "{word}"
        );
    }
    assert_eq!(walk(&admin, "/users?limit=1000", || ()).len(), 231);
    assert_eq!(admin.get("/users").json()["users"].as_array().unwrap().len(), 100);
    // A page that is exactly full has none behind it.
    assert_eq!(admin.get("/users?limit=231").header("link"), "");
}

/// D5: whoever is there from the beginning to the end is seen once, and nobody is seen twice.
#[test]
fn concurrent_inserts_make_no_gap_and_no_repeat() {
    let admin = AdminClient::fresh();
    fill(&admin, 1, 300);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in (1000..6000).step_by(5) {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                fill(&admin, n, n + 4);
            }
        });
        for (word, _) in UserSort::ALL {
            let before = expected(&admin, "id");
            let mut victim = before[before.len() / 2..].iter();
            let mut gone = Vec::new();
            let seen = walk(&admin, &format!("/users?sort={word}&limit=40"), || {
                // One is deleted now and then, also the one that the next page begins behind.
                gone.extend(victim.next().filter(|_| gone.len() < 3).inspect(|id| {
                    assert_eq!(admin.delete(**id).status, 200);
                }));
            });
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{word}: seen twice");
            let missing = before
                .iter()
                .filter(|id| !seen.contains(id) && !gone.contains(id));
            assert_eq!(missing.count(), 0, "{word}: a gap");
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

/// D5: in address and name, in any case, and with no sign of a meaning of its own.
#[test]
fn a_text_is_looked_for_in_address_and_name() {
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
        walk(&admin, "/users?q=example&sort=-email&limit=2", || ()).len(),
        5
    );
}

/// D4, D5
#[test]
fn deleted_users_are_a_list_of_their_own() {
    let admin = AdminClient::fresh();
    fill(&admin, 1, 30);
    let ids = expected(&admin, "id");
    for id in &ids[10..20] {
        assert_eq!(admin.delete(*id).status, 200);
    }
    // One address, deleted twice.
    for _ in 0..2 {
        let id = admin.create_user("twice@example.org");
        assert_eq!(admin.delete(id).status, 200);
    }
    assert_eq!(walk(&admin, "/users?limit=7", || ()).len(), 21);
    for sort in ["id", "-id", "email", "-email", "created_at", "-created_at"] {
        let deleted = walk(&admin, &format!("/users?deleted=true&limit=5&sort={sort}"), || ());
        assert_eq!(deleted.len(), 12, "{sort}");
    }
    assert_eq!(
        walk(&admin, "/users?deleted=true&q=twice&limit=1&sort=email", || ()).len(),
        2
    );
    assert_eq!(walk(&admin, "/users?deleted=false", || ()).len(), 21);
    let one = admin.get("/users?deleted=true&limit=1").json();
    assert!(one["users"][0]["deleted_at"].is_string(), "{one}");
}

/// D5
#[test]
fn bad_parameters_are_named() {
    let admin = AdminClient::fresh();
    fill(&admin, 1, 3);
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

/// D5: a place is of one order, and its seal is whole.
#[test]
fn a_place_of_another_order_leads_nowhere() {
    let admin = AdminClient::fresh();
    fill(&admin, 1, 10);
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
    let mut changed = after.clone();
    changed.replace_range(20..21, if &after[20..21] == "A" { "B" } else { "A" });
    for (sort, after) in [
        ("-email", &after),
        ("id", &after),
        ("created_at", &after),
        ("email", &changed),
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
