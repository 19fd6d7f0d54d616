//! Logging in with address and password.

use crate::support::accounts::{PASSWORD, claims, create_account, create_account_in, post, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// E5: The right password returns an access token with the claims of the account, and a refresh token.
#[test]
fn the_right_password_returns_tokens() {
    let database = Database::fresh();
    let app = App::over(&database);
    let id = create_account(&database, "Ann@Example.org", Role::Admin);
    let response = try_log_in(&app, "ann@EXAMPLE.org", PASSWORD);
    assert_eq!(response.status, 200, "{response:?}");
    assert!(response.header("cache-control").contains("no-store"));
    let body = response.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["access_token", "expires_in", "refresh_token", "token_type"]
    );
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["sub"], id.to_string());
    assert_eq!(claims["username"], "Ann@Example.org");
    assert_eq!(claims["admin"], true);
    assert_eq!(claims["scope"], Role::Admin.scope_text());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    let sessions = database.lines("SELECT kind || ' ' || address AS line FROM sessions.sessions");
    assert_eq!(sessions, ["api 127.0.0.1"]);
}

/// E5: Every failed login returns the same response, so that it does not reveal accounts or their state.
#[test]
fn every_failed_login_returns_the_same_401() {
    let database = Database::fresh();
    let app = App::over(&database);
    for (email, state) in [
        ("ann@example.org", "active"),
        ("unconfirmed@example.org", "unconfirmed"),
        ("invited@example.org", "invited"),
        ("deleted@example.org", "active"),
    ] {
        create_account_in(&database, email, Role::User, state);
    }
    database.execute("UPDATE accounts.accounts SET deleted_at = now() WHERE email LIKE 'deleted%'");
    let rejection = |email: &str, password: &str| {
        let response = try_log_in(&app, email, password);
        let mut problem = response.problem(401);
        assert_eq!(response.header("www-authenticate"), "Bearer");
        problem["request_id"].take();
        problem
    };
    let wrong = rejection("ann@example.org", "wrong");
    assert_eq!(wrong["type"], "urn:portcullis:problem:invalid-credentials");
    assert_eq!(rejection("ann@example.org", ""), wrong);
    assert_eq!(rejection("nobody@example.org", PASSWORD), wrong);
    for email in [
        "unconfirmed@example.org",
        "invited@example.org",
        "deleted@example.org",
    ] {
        assert_eq!(rejection(email, PASSWORD), wrong, "{email}");
    }
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM sessions.sessions"),
        ["0"]
    );
}

/// E5, B7: An invalid body is rejected with every invalid member named.
#[test]
fn every_invalid_member_is_named() {
    let database = Database::fresh();
    let app = App::over(&database);
    let fields = |body: &Value| post(&app, "/auth/login", body).fields(400);
    assert_eq!(fields(&json!({})), ["body:email", "body:password"]);
    assert_eq!(
        fields(&json!({ "email": "ann", "password": 7, "code": [] })),
        ["body:email", "body:password", "body:code"]
    );
    assert_eq!(
        fields(&json!({ "email": "a@example.org", "password": "x", "admin": true })),
        ["body:admin"]
    );
}
