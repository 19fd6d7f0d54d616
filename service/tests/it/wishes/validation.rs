//! Requests that `/wishes` rejects, and the invalid fields that it names.

use crate::support::accounts::{call_as, create_and_log_in, get_as, with_json};
use crate::support::app::{App, send};
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::{Value, json};

fn app() -> (Database, App, String) {
    let database = Database::fresh();
    let app = App::over(&database);
    let ann = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    (database, app, ann)
}

/// G4, D8: Every invalid member of a body is named at once, on creation and on change.
#[test]
fn an_invalid_body_is_rejected_with_every_invalid_member() {
    let (_database, app, ann) = app();
    let title = |title: &str| json!({"title": title});
    let too_long = "é".repeat(201);
    let cases: &[(Value, &[&str])] = &[
        (json!({}), &["body:title"]),
        (json!({"title": null}), &["body:title"]),
        (json!({"title": 7, "note": []}), &["body:title", "body:note"]),
        (title(""), &["body:title"]),
        (title("   "), &["body:title"]),
        (title("a\nb"), &["body:title"]),
        (title("a\u{0}b"), &["body:title"]),
        (title(&too_long), &["body:title"]),
        (
            json!({"title": "a\tb", "note": "\u{1b}[2J"}),
            &["body:title", "body:note"],
        ),
        (json!({"title": "a", "note": "é".repeat(2001)}), &["body:note"]),
        (json!({"title": "a", "note": "b\u{b}c"}), &["body:note"]),
        (json!({"title": "a", "done": true}), &["body:done"]),
        (json!({"title": "a", "account_id": 1}), &["body:account_id"]),
    ];
    for (body, fields) in cases {
        assert_eq!(
            call_as(&app, &ann, "POST", "/wishes", body).fields(400),
            *fields,
            "{body}"
        );
    }
    for text in [
        "",
        "[]",
        "7",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"title\":\"a\"} x",
        "{\"title\":NaN}",
    ] {
        send(with_json(app.request("POST", "/wishes").bearer_auth(&ann), text)).problem(400);
    }
    let good = json!({"title": "é".repeat(200), "note": "é\n".repeat(1000)});
    let made = call_as(&app, &ann, "POST", "/wishes", &good);
    assert_eq!(made.status, 201);
    let path = made.header("location").to_owned();
    let change = |body: &Value| {
        let request = app
            .request("PUT", &path)
            .bearer_auth(&ann)
            .header("if-match", "x");
        send(with_json(request, &body.to_string())).fields(400)
    };
    assert_eq!(
        change(&json!({})),
        ["body:title", "body:note", "body:done", "header:If-Match"]
    );
    assert_eq!(
        change(&json!({"title": "a", "note": null, "done": "true"})),
        ["body:note", "body:done", "header:If-Match"]
    );
    assert_eq!(
        get_as(&app, &ann, &path).header("etag"),
        "\"1\"",
        "nothing was changed"
    );
}

/// G4: Invalid parameters are named, malformed ids are 404, other media types 415, other methods 405.
#[test]
fn invalid_parameters_are_named_and_malformed_ids_are_404() {
    let (_database, app, ann) = app();
    let query = "/wishes?done=yes&after=0&limit=1001&x=1";
    assert_eq!(
        get_as(&app, &ann, query).fields(400),
        ["query:done", "query:after", "query:limit", "query:x"]
    );
    assert_eq!(
        get_as(&app, &ann, "/wishes?done=true&done=false").fields(400),
        ["query:done"]
    );
    for path in [
        "/wishes/0",
        "/wishes/-1",
        "/wishes/x",
        "/wishes/01",
        "/wishes/9223372036854775808",
        "/wishes/%00",
    ] {
        get_as(&app, &ann, path).problem(404);
        send(app.request("DELETE", path).bearer_auth(&ann)).problem(404);
    }
    let plain = app
        .request("POST", "/wishes")
        .bearer_auth(&ann)
        .header("content-type", "text/plain");
    send(plain.body("{\"title\":\"a\"}")).problem(415);
    let long = json!({"title": "a", "note": "a".repeat(70_000)});
    call_as(&app, &ann, "POST", "/wishes", &long).problem(413);
    let wrong = send(app.request("DELETE", "/wishes").bearer_auth(&ann));
    wrong.problem(405);
    assert_eq!(wrong.header("allow"), "GET, HEAD, OPTIONS, POST");
}

/// B10, G4: Texts are stored and returned unchanged, whatever characters they contain.
#[test]
fn hostile_texts_are_returned_unchanged() {
    let (_database, app, ann) = app();
    for text in [
        "<script>alert(1)</script>",
        "'; DROP TABLE wishes.wishes; --",
        "\\u0000 %00 ${7*7} {{7*7}}",
        "👩‍👩‍👧‍👦 مرحبا",
    ] {
        let note = format!("\u{202e} {text} \u{200b}");
        let made = call_as(
            &app,
            &ann,
            "POST",
            "/wishes",
            &json!({"title": text, "note": note}),
        );
        assert_eq!(made.status, 201, "{made:?}");
        let read = get_as(&app, &ann, made.header("location"));
        assert_eq!(
            (&read.json()["title"], &read.json()["note"]),
            (&json!(text), &json!(note))
        );
        assert_eq!(
            read.header("content-type").split(';').next(),
            Some("application/json")
        );
    }
}

/// G4, D8: A title is one visible line, as a name is: the response names the character that is not.
#[test]
fn a_title_with_a_hidden_character_is_rejected() {
    let (_database, app, ann) = app();
    for (title, character) in [
        ("a\u{2028}b", "U+2028"),
        ("\u{202e}evil", "U+202E"),
        ("\u{fffe}", "U+FFFE"),
    ] {
        let refused = call_as(&app, &ann, "POST", "/wishes", &json!({ "title": title }));
        assert_eq!(refused.fields(400), ["body:title"]);
        let problem = refused.problem(400);
        let reason = problem["errors"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(character), "{reason}");
    }
    let trimmed = call_as(
        &app,
        &ann,
        "POST",
        "/wishes",
        &json!({ "title": "\u{2029} lead\u{a0}" }),
    );
    assert_eq!(trimmed.json()["title"], "lead");
}

/// G4, E19: Every operation rejects a missing or invalid token, and the token of an ended session, before it validates the
/// request.
#[test]
fn every_operation_authenticates_before_it_validates() {
    let (database, app, ann) = app();
    let operations = [
        ("GET", "/wishes?x=1"),
        ("POST", "/wishes"),
        ("GET", "/wishes/x"),
        ("PUT", "/wishes/1"),
        ("DELETE", "/wishes/1"),
    ];
    for (method, path) in operations {
        let none = send(app.request(method, path));
        none.problem(401);
        assert_eq!(none.header("www-authenticate"), "Bearer", "{method} {path}");
        let bad = send(app.request(method, path).bearer_auth("x.y.z"));
        bad.problem(401);
        assert_eq!(bad.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    database.execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'signed out'");
    for (method, path) in operations {
        send(app.request(method, path).bearer_auth(&ann)).problem(401);
    }
}
