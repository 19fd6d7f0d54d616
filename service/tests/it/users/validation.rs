//! Validation of users.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use serde_json::json;

/// An address of this many characters.
fn email(length: usize) -> String {
    let domain = format!("{0}.{0}.{0}.org", "d".repeat(61));
    let local = length - 1 - domain.len();
    format!("{}@{domain}", "l".repeat(local))
}

/// D8: An address has at most 254 characters.
#[test]
fn an_address_has_at_most_254_characters() {
    let admin = AdminClient::fresh();
    let (longest, longer) = (email(254), email(255));
    assert_eq!((longest.len(), longer.len()), (254, 255));
    let created = admin.create(&json!({ "email": longest }));
    assert_eq!((created.status, &created.json()["email"]), (201, &json!(longest)));
    assert_eq!(
        admin.create(&json!({ "email": longer })).fields(400),
        ["body:email"]
    );
    let id = created.json()["id"].as_i64().unwrap();
    assert_eq!(
        admin.update(id, "*", &json!({ "email": longer })).fields(400),
        ["body:email"]
    );
}

/// D8: Creating and updating a user report every invalid field.
#[test]
fn every_invalid_field_is_named() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let long = "n".repeat(101);
    for (body, fields) in [
        (json!({}), vec!["body:email"]),
        (json!({"email": null}), vec!["body:email"]),
        (json!({"email": 7}), vec!["body:email"]),
        (json!({"email": ["a@b.org"]}), vec!["body:email"]),
        (json!({"email": ""}), vec!["body:email"]),
        (json!({"email": "ann"}), vec!["body:email"]),
        (
            json!({"email": "ann@example.org\r\nBcc: x@y.org"}),
            vec!["body:email"],
        ),
        (json!({"email": "аnn@example.org"}), vec!["body:email"]),
        (json!({"email": "a@b.org", "name": ""}), vec!["body:name"]),
        (json!({"email": "a@b.org", "name": long}), vec!["body:name"]),
        (json!({"email": "a@b.org", "name": "a\nb"}), vec!["body:name"]),
        (json!({"email": "a@b.org", "role": "root"}), vec!["body:role"]),
        (json!({"email": "a@b.org", "role": "Admin"}), vec!["body:role"]),
        (
            json!({"email": "x", "name": "\u{0}", "role": 1}),
            vec!["body:email", "body:name", "body:role"],
        ),
    ] {
        assert_eq!(admin.create(&body).fields(400), fields, "{body}");
        // A name that is empty anyway is no change.
        if body["name"] != "" {
            assert_eq!(admin.update(id, "*", &body).fields(400), fields, "{body}");
        }
    }
    let none = "SELECT count(*)::text AS line FROM accounts.accounts WHERE email_key = 'a@b.org'";
    assert_eq!(admin.database.lines(none), ["0"]);
}

/// D3, D7, D8: A user can be sent back as it was returned. Read-only members that differ are named together; of another version
/// they are reported as such.
#[test]
fn a_user_can_be_sent_back_as_it_was_returned() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let mut user = admin.get_user(id).json();
    assert_eq!(user["name"], "");
    assert_eq!(admin.update(id, "*", &user).status, 200);
    user["name"] = json!("Ann");
    let stale = admin.etag(id);
    let named = admin.update(id, &stale, &user);
    assert_eq!((named.status, &named.json()["name"]), (200, &json!("Ann")));
    user["name"] = json!("");
    assert_eq!(
        admin.update(id, "*", &user).fields(400),
        ["body:name"],
        "a name cannot be removed"
    );
    user["name"] = json!("Ann");
    for (member, value) in [
        ("id", json!(id + 1)),
        ("state", json!("active")),
        ("created_at", json!("2020-01-01T00:00:00Z")),
    ] {
        user[member] = value;
    }
    assert_eq!(
        admin.update(id, "*", &user).fields(400),
        ["body:id", "body:state", "body:created_at"]
    );
    admin.update(id, &stale, &user).problem(412);
    user["nick"] = json!("A");
    user["admin"] = json!(true);
    assert_eq!(
        admin.update(id, "*", &user).fields(400),
        ["body:nick", "body:admin"]
    );
}

/// D8: Unknown and repeated members, other types, media types and oversized bodies are rejected.
#[test]
fn a_malformed_body_is_rejected() {
    let admin = AdminClient::fresh();
    for body in [
        r#"{"email":"a@b.org","id":7}"#,
        r#"{"email":"a@b.org","state":"active"}"#,
        r#"{"email":"a@b.org","password":"x"}"#,
        r#"{"email":"a@b.org","email":"c@d.org"}"#,
        r#"{"email":"a@b.org","Email":"c@d.org"}"#,
        r#"{"email":"a@b.org"}{}"#,
        r#"{"email":"a@b.org""#,
        r#"["a@b.org"]"#,
        r#""a@b.org""#,
        "null",
        "",
        "email=a@b.org",
    ] {
        let problem = admin.create_text(body).problem(400);
        assert!(!problem.to_string().contains("a@b.org"), "{problem}");
    }
    let request = admin
        .request("POST", "/user")
        .header("content-type", "text/plain");
    send(request.body(r#"{"email":"a@b.org"}"#)).problem(415);
    let large = format!(r#"{{"email":"a@b.org","name":"{}"}}"#, "n".repeat(2_000_000));
    admin.create_text(&large).problem(413);
    let none = "SELECT count(*)::text AS line FROM accounts.accounts WHERE email_key LIKE '%.org' AND id > 1";
    assert_eq!(admin.database.lines(none), ["0"]);
}

/// D8: Unauthenticated clients get 401 before any field is validated.
#[test]
fn authentication_precedes_validation() {
    let admin = AdminClient::fresh();
    for (method, path) in [("POST", "/user"), ("PUT", "/user?id=abc")] {
        let request = accounts::with_json(admin.app.request(method, path), "{");
        send(request).problem(401);
    }
    send(admin.app.request("GET", "/user?id=abc&x=1")).problem(401);
    send(admin.app.request("GET", "/users?limit=x")).problem(401);
}
