//! `/user`: creating, reading, updating, deleting and restoring a user.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use portcullis::types::role::Role;
use serde_json::json;

/// D1: An administrator creates a user, who is invited.
#[test]
fn an_administrator_creates_a_user() {
    let admin = AdminClient::fresh();
    let created = admin.create(&json!({"email": "Ann@Example.org"}));
    assert_eq!(created.status, 201, "{created:?}");
    let user = created.json();
    let id = user["id"].as_i64().unwrap();
    assert_eq!(user["email"], "Ann@Example.org");
    assert_eq!(
        (&user["name"], &user["role"], &user["state"]),
        (&json!(""), &json!("user"), &json!("invited"))
    );
    assert_eq!(created.header("location"), format!("/user?id={id}"));
    assert_eq!(created.header("etag"), "\"1\"");
    let found = admin.get(created.header("location"));
    assert_eq!((found.status, found.json()), (200, user));
    assert_eq!(admin.events(id), ["account.invited {\"role\": \"user\"}"]);

    let named = admin.create(&json!({"email": "bob@example.org", "name": " Bob B. ", "role": "ingest"}));
    let named = named.json();
    assert_eq!(
        (&named["name"], &named["role"]),
        (&json!("Bob B."), &json!("ingest"))
    );
}

/// D1: Only an administrator can create a user.
#[test]
fn only_an_administrator_creates_a_user() {
    let admin = AdminClient::fresh();
    let body = json!({"email": "ann@example.org"});
    let anonymous = accounts::post(&admin.app, "/user", &body);
    anonymous.problem(401);
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    let forged = accounts::call_as(&admin.app, "x.y.z", "POST", "/user", &body);
    forged.problem(401);
    assert_eq!(
        forged.header("www-authenticate"),
        "Bearer error=\"invalid_token\""
    );
    let token = accounts::create_and_log_in(&admin.app, &admin.database, "user@example.org", Role::User);
    let user = accounts::call_as(&admin.app, &token, "POST", "/user", &body);
    user.problem(403);
    assert!(user.header("www-authenticate").contains("insufficient_scope"));
    let count = "SELECT count(*)::text AS line FROM accounts.accounts WHERE email_key = 'ann@example.org'";
    assert_eq!(admin.database.lines(count), ["0"]);
}

/// D2, D7: A user is read by ID, without secrets and with a strong entity tag.
#[test]
fn a_user_is_read_by_id() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let found = admin.get_user(id);
    assert_eq!((found.status, found.header("etag")), (200, "\"1\""));
    assert_eq!(found.header("cache-control"), "no-store, max-age=0");
    let text = found.text().to_lowercase();
    for secret in ["password", "hash", "totp", "secret", "token"] {
        assert!(!text.contains(secret), "{text}");
    }
    admin.get_user(id + 1).problem(404);
    admin.get_user(i64::MAX).problem(404);
}

/// D2: Every operation that takes an ID rejects values that are not positive integers.
#[test]
fn an_invalid_id_is_rejected() {
    let admin = AdminClient::fresh();
    let body = r#"{"email":"ann@example.org"}"#;
    let ids = [
        "abc",
        "-1",
        "0",
        "01",
        "+1",
        "1.0",
        "1e3",
        "",
        "%00",
        "9223372036854775808",
        "1%20",
    ];
    let queries = ids.iter().map(|id| format!("?id={id}"));
    for query in queries.chain([String::new(), "?id=1&id=1".to_owned()]) {
        for (method, path) in [
            ("GET", "/user"),
            ("PUT", "/user"),
            ("DELETE", "/user"),
            ("POST", "/user/restore"),
            ("POST", "/user/invite"),
        ] {
            let request = admin
                .request(method, &format!("{path}{query}"))
                .header("If-Match", "*");
            let response = match method {
                "PUT" => send(accounts::with_json(request, body)),
                _ => send(request),
            };
            assert_eq!(response.fields(400), ["query:id"], "{method} {path}{query}");
        }
    }
}

/// D3, D7: Each update increments the version, and a name that is absent from the body does not change.
#[test]
fn a_user_can_be_updated_repeatedly() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let body = json!({"email": "ann.b@example.org", "name": "Ann B."});
    let changed = admin.update(id, "\"1\"", &body);
    assert_eq!(
        (changed.status, changed.header("etag")),
        (200, "\"2\""),
        "{changed:?}"
    );
    let user = changed.json();
    assert_eq!(
        (&user["email"], &user["name"], &user["role"]),
        (&json!("ann.b@example.org"), &json!("Ann B."), &json!("user"))
    );
    assert_eq!(admin.get_user(id).json(), user);
    let again = admin.update(id, changed.header("etag"), &body);
    assert_eq!((again.status, again.header("etag")), (200, "\"3\""));
    assert_eq!(admin.update(id, "*", &body).status, 200);
    // A name that is absent from the body does not change.
    let unchanged = admin.update(id, "\"9\", \"4\"", &json!({"email": "ann.b@example.org"}));
    assert_eq!(
        (unchanged.status, &unchanged.json()["name"]),
        (200, &json!("Ann B."))
    );
    assert_eq!(
        admin.events(id)[1..3],
        [
            "account.changed {\"fields\": [\"email\", \"name\"]}",
            "account.changed {\"fields\": []}"
        ]
    );
}

/// D3: An update to the address of another user is rejected and changes nothing.
#[test]
fn an_address_of_another_user_is_rejected() {
    let admin = AdminClient::fresh();
    let (id, _) = (
        admin.create_user("ann@example.org"),
        admin.create_user("bob@example.org"),
    );
    let rejected = admin.update(id, "*", &json!({"email": "BOB@example.org", "name": "Bob"}));
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:address-taken"
    );
    let user = admin.get_user(id);
    assert_eq!(
        (&user.json()["email"], user.header("etag")),
        (&json!("ann@example.org"), "\"1\"")
    );
    assert_eq!(admin.events(id).len(), 1);
    // Another spelling of the same user's address is accepted.
    let mails = admin.mails().len();
    let respelled = admin.update(id, "*", &json!({"email": "ANN@example.org"}));
    assert_eq!(
        (respelled.status, &respelled.json()["email"]),
        (200, &json!("ANN@example.org"))
    );
    assert_eq!(admin.mails().len(), mails, "no link is revoked");
    admin
        .update(404_404, "*", &json!({"email": "x@example.org"}))
        .problem(404);
}

/// D7: An update requires `If-Match` with the current strong entity tag.
#[test]
fn an_update_requires_the_current_version() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let body = json!({"email": "ann@example.org", "name": "Ann"});
    let request = admin.request("PUT", &format!("/user?id={id}"));
    send(accounts::with_json(request, &body.to_string())).problem(428);
    assert_eq!(admin.update(id, "\"1\"", &body).status, 200);
    admin.update(id, "\"1\"", &body).problem(412);
    admin.update(id, "\"0\"", &body).problem(412);
    // A weak entity tag never matches (RFC 9110 §13.1.1).
    admin.update(id, "W/\"2\"", &body).problem(412);
    for malformed in ["1", "\"1", "abc", ""] {
        assert_eq!(
            admin.update(id, malformed, &body).fields(400),
            ["header:If-Match"],
            "{malformed:?}"
        );
    }
    assert_eq!(admin.etag(id), "\"2\"");
    let stale = admin
        .request("DELETE", &format!("/user?id={id}"))
        .header("If-Match", "\"1\"");
    send(stale).problem(412);
    let current = admin
        .request("DELETE", &format!("/user?id={id}"))
        .header("If-Match", "\"2\"");
    assert_eq!(send(current).status, 200);
}

/// D4: A user is deleted once and can be restored once, unchanged.
#[test]
fn a_deleted_user_can_be_restored() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let before = admin.get_user(id).json();
    let deleted = admin.delete(id);
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let user = deleted.json();
    assert_eq!(
        (&user["id"], &user["email"]),
        (&json!(id), &json!("ann@example.org"))
    );
    assert!(user["deleted_at"].is_string());
    admin.delete(id).problem(404);
    admin.get_user(id).problem(404);
    admin
        .update(id, "*", &json!({"email": "ann@example.org"}))
        .problem(404);
    send(admin.request("POST", &format!("/user/invite?id={id}"))).problem(404);

    let restored = admin.restore(id);
    assert_eq!((restored.status, restored.header("etag")), (200, "\"3\""));
    let mut after = restored.json();
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
    assert_eq!(admin.get_user(id).status, 200);
    admin.restore(id).problem(404);
    admin.restore(404_404).problem(404);
    let actions: Vec<String> = admin.events(id);
    let actions: Vec<&str> = actions
        .iter()
        .filter_map(|event| event.split(' ').next())
        .collect();
    assert_eq!(
        actions,
        ["account.invited", "account.deleted", "account.restored"]
    );
}

/// D4: The address of a deleted user is free, and the user cannot be restored while another has it.
#[test]
fn a_user_whose_address_is_taken_cannot_be_restored() {
    let admin = AdminClient::fresh();
    let first = admin.create_user("ann@example.org");
    assert_eq!(admin.delete(first).status, 200);
    let second = admin.create_user("ANN@example.org");
    assert_ne!(first, second);
    let rejected = admin.restore(first);
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:address-taken"
    );
    assert_eq!(admin.delete(second).status, 200);
    assert_eq!(admin.restore(first).status, 200);
    admin.restore(second).problem(409);
}
