//! Token introspection (RFC 7662).

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

/// F4: An active token returns the members of RFC 7662 §2.2 with the values of its claims.
#[test]
fn an_active_token_returns_its_claims() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    let id = create_account(&database, "ann@example.org", Role::User);
    let token = log_in(&app, "ann@example.org").access;
    let claims = Parts::of(&token).claims();
    for body in [
        format!("token={token}"),
        format!("token={token}&token_type_hint=access_token"),
        format!("token_type_hint=refresh_token&token={token}"),
        format!("token={token}&token_type_hint=something&resource=x"),
    ] {
        let response = introspect(&app, &admin, &body);
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.header("cache-control").contains("no-store"));
        let introspection = response.json();
        assert_eq!(introspection["active"], true);
        assert_eq!(introspection["token_type"], "Bearer");
        assert_eq!(introspection["sub"], id.to_string());
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
            assert_eq!(introspection[name], claims[name], "{name}: {introspection}");
        }
    }
}

/// F4: Expired, revoked, foreign and malformed tokens all return `{"active":false}` and nothing else.
#[test]
fn an_inactive_token_reveals_nothing() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    create_account(&database, "ann@example.org", Role::User);
    let (revoked, valid) = (log_in(&app, "ann@example.org"), log_in(&app, "ann@example.org"));
    let sid = Parts::of(&revoked.access).claims()["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    database.execute(&format!(
        "UPDATE sessions.sessions SET ended_at = now(), end_reason = 'test' WHERE id = '{sid}'"
    ));
    let parts = Parts::of(&valid.access);
    let expired = parts.with_claim("exp", json!(1_600_000_000)).sign(&signing_key());
    let foreign = parts
        .with_claim("iss", json!("https://staging.example"))
        .sign(&signing_key());
    for (why, token) in [
        ("a word", "x"),
        ("a malformed token", "a.b.c"),
        ("revoked", &revoked.access),
        ("expired", &expired),
        ("another environment", &foreign),
        ("a refresh token", &valid.refresh),
        ("a revoked refresh token", &revoked.refresh),
        ("a very long word", &"x".repeat(60_000)),
        ("control characters", "%00%0d%0a"),
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
        introspect(&app, &admin, &format!("token={}", valid.access)).json()["active"],
        true
    );
}

/// F4: The caller needs the right to introspect, even for its own token or an invalid body.
#[test]
fn the_caller_needs_the_right_to_introspect() {
    let database = Database::fresh();
    let app = App::over(&database);
    let status_of = |caller: &str| introspect(&app, caller, "token=x");
    let anonymous = app.request("POST", "/introspect").header("content-type", FORM);
    send(anonymous.body("token=x")).problem(401);
    status_of("x").problem(401);
    for role in Role::ALL {
        let token = create_and_log_in(&app, &database, &format!("{role}@example.org"), role);
        match role {
            Role::Admin | Role::Introspector => assert_eq!(status_of(&token).status, 200),
            _ => {
                let response = status_of(&token);
                response.problem(403);
                assert!(response.header("www-authenticate").contains("insufficient_scope"));
                // This includes its own token, and the right is checked before the body.
                introspect(&app, &token, &format!("token={token}")).problem(403);
                introspect(&app, &token, "").problem(403);
            }
        }
    }
}

/// F4: An invalid form is rejected with its field named.
#[test]
fn an_invalid_form_is_rejected() {
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

/// F3, F4: While the database is unavailable, the response is 503 rather than an inactive token.
#[test]
fn an_unavailable_database_is_503() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    // The lock blocks the next statement until it times out.
    let mut conn = database.admin();
    let lock = "BEGIN; LOCK TABLE sessions.sessions IN ACCESS EXCLUSIVE MODE";
    conn.batch_execute(lock).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| introspect(&app, &admin, "token=x").problem(503));
        scope.spawn(|| send(app.request("POST", "/validate").bearer_auth(&admin)).problem(503));
    });
}
