//! Introspection (RFC 7662): what a service that was shown a token may ask about it.
use crate::support::accounts::{create_account, create_and_log_in, log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::token_forger::{Parts, signing_key};
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

fn introspect(app: &App, caller: &str, body: &str) -> Response {
    let request = app.request("POST", "/introspect").bearer_auth(caller);
    send(request.header("content-type", FORM).body(body.to_owned()))
}

/// F4: the members of RFC 7662 §2.2, and what the token says.
#[test]
fn an_active_token_is_told_about() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    let id = create_account(&database, "ann@example.org", Role::User);
    let asked = log_in(&app, "ann@example.org").access;
    let claims = Parts::of(&asked).claims();
    for body in [
        format!("token={asked}"),
        format!("token={asked}&token_type_hint=access_token"),
        format!("token_type_hint=refresh_token&token={asked}"),
        format!("token={asked}&token_type_hint=something&resource=x"),
    ] {
        let response = introspect(&app, &admin, &body);
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.header("cache-control").contains("no-store"));
        let told = response.json();
        assert_eq!(told["active"], true);
        assert_eq!(told["token_type"], "Bearer");
        assert_eq!(told["sub"], id.to_string());
        for name in [
            "scope",
            "client_id",
            "username",
            "exp",
            "iat",
            "nbf",
            "aud",
            "iss",
            "jti",
            "admin",
        ] {
            assert_eq!(told[name], claims[name], "{name}: {told}");
        }
    }
}

/// F4: whatever is not good is answered with the same twenty bytes.
#[test]
fn what_is_not_active_is_not_told_about() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    create_account(&database, "ann@example.org", Role::User);
    let (ended, good) = (log_in(&app, "ann@example.org"), log_in(&app, "ann@example.org"));
    let sid = Parts::of(&ended.access).claims()["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    database.execute(&format!(
        "UPDATE sessions.sessions SET ended_at = now(), end_reason = 'test' WHERE id = '{sid}'"
    ));
    let parts = Parts::of(&good.access);
    let expired = parts.with_claim("exp", json!(1_600_000_000)).sign(&signing_key());
    let elsewhere = parts
        .with_claim("iss", json!("https://staging.example"))
        .sign(&signing_key());
    for (why, token) in [
        ("a word", "x"),
        ("no token of anybody", "a.b.c"),
        ("revoked", &ended.access),
        ("expired", &expired),
        ("another environment's", &elsewhere),
        ("a refresh token", &good.refresh),
        ("a revoked refresh token", &ended.refresh),
        ("a very long word", &"x".repeat(60_000)),
        ("something with bytes in it", "%00%0d%0a"),
    ] {
        for hint in [
            "",
            "&token_type_hint=access_token",
            "&token_type_hint=refresh_token",
        ] {
            let response = introspect(&app, &admin, &format!("token={token}{hint}"));
            assert_eq!(response.status, 200, "{why}: {response:?}");
            assert_eq!(response.text(), r#"{"active":false}"#, "{why}");
        }
    }
    assert_eq!(
        introspect(&app, &admin, &format!("token={}", good.access)).json()["active"],
        true
    );
}

/// F4: who asks must have the right, whatever is asked.
#[test]
fn the_caller_authenticates_and_has_the_right() {
    let database = Database::fresh();
    let app = App::over(&database);
    let ask = |caller: &str| introspect(&app, caller, "token=x");
    let nobody = app.request("POST", "/introspect").header("content-type", FORM);
    send(nobody.body("token=x")).problem(401);
    ask("x").problem(401);
    for role in Role::ALL {
        let token = create_and_log_in(&app, &database, &format!("{role}@example.org"), role);
        match role {
            Role::Admin => assert_eq!(ask(&token).status, 200),
            _ => {
                let response = ask(&token);
                response.problem(403);
                assert!(response.header("www-authenticate").contains("insufficient_scope"));
                // Its own token is no exception, and a bad body is not answered before the right is looked at.
                introspect(&app, &token, &format!("token={token}")).problem(403);
                introspect(&app, &token, "").problem(403);
            }
        }
    }
}

/// F4: a form is a form.
#[test]
fn a_body_that_is_no_such_form_is_refused_by_its_field() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    for body in ["", "token=", "token", "other=x", "Token=x", "&&&"] {
        assert_eq!(
            introspect(&app, &admin, body).fields(400),
            ["body:token"],
            "{body}"
        );
    }
    for body in ["token=a&token=b", "token=a&%74oken=b"] {
        let response = introspect(&app, &admin, body);
        assert_eq!(response.fields(400), ["body:token"]);
        assert!(response.text().contains("more than once"));
    }
    for body in ["token=%ff", "token=%c3%28"] {
        introspect(&app, &admin, body).problem(400);
    }
    introspect(&app, &admin, &format!("token={}", "x".repeat(70_000))).problem(413);
    for kind in ["application/json", "text/plain", "multipart/form-data"] {
        let request = app.request("POST", "/introspect").bearer_auth(&admin);
        let body: Value = json!({"token": "x"});
        send(request.header("content-type", kind).body(body.to_string())).problem(415);
    }
    send(app.request("POST", "/introspect?token=x").bearer_auth(&admin)).problem(400);
}

/// F3, F4: a database that is away is no token that is not good.
#[test]
fn without_a_database_nothing_is_said_about_a_token() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    // Whoever asks next waits for the lock, and then for as long as a request waits for the database.
    let mut conn = database.admin();
    let lock = "BEGIN; LOCK TABLE sessions.sessions IN ACCESS EXCLUSIVE MODE";
    conn.batch_execute(lock).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| introspect(&app, &admin, "token=x").problem(503));
        scope.spawn(|| send(app.request("POST", "/validate").bearer_auth(&admin)).problem(503));
    });
}
