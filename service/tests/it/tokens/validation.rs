//! `/validate`: access tokens that are valid, expired, revoked, or of an account whose rights have changed.

use crate::support::accounts::{create_account, get_as, log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::token_forger::{Parts, signing_key};
use portcullis::types::clock;
use portcullis::types::role::Role;
use serde_json::json;

fn validate(app: &App, token: &str) -> Response {
    send(app.request("POST", "/validate").bearer_auth(token))
}

fn assert_invalid_token(response: &Response) {
    assert_eq!(
        response.problem(401)["detail"],
        "the access token is invalid, expired or revoked"
    );
    assert_eq!(
        response.header("www-authenticate"),
        "Bearer error=\"invalid_token\""
    );
}

/// F3: A malformed token is rejected, and the response does not repeat it.
#[test]
fn a_malformed_token_is_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let missing = send(app.request("POST", "/validate"));
    missing.problem(401);
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    for bad in [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "{}",
        "bnVsbA.bnVsbA.bnVsbA",
        "\u{fc}",
    ] {
        let field = format!("Bearer {bad}");
        let response = send(
            app.request("POST", "/validate")
                .header("authorization", field.as_bytes()),
        );
        assert_eq!(response.status, 401, "{bad}: {response:?}");
        assert!(!response.text().contains(bad) || bad.len() < 2, "{bad}");
    }
    assert_invalid_token(&validate(&app, &"a.".repeat(4000)));
}

/// F3: A token is rejected by every instance as soon as its session has ended or its account is deleted.
#[test]
fn a_revoked_token_is_rejected_everywhere() {
    let database = Database::fresh();
    let (one, two) = (App::over(&database), App::over(&database));
    create_account(&database, "ann@example.org", Role::User);
    let token = log_in(&one, "ann@example.org").access;
    assert_eq!(validate(&two, &token).status, 200);
    let sid = Parts::of(&token).claims()["sid"].as_str().unwrap().to_owned();
    database.execute(&format!(
        "UPDATE sessions.sessions SET ended_at = now(), end_reason = 'test' WHERE id = '{sid}'"
    ));
    for app in [&one, &two] {
        assert_invalid_token(&validate(app, &token));
    }
    let other = log_in(&one, "ann@example.org").access;
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    assert_invalid_token(&validate(&two, &other));
}

/// F3: The returned rights are the current rights of the account.
#[test]
fn a_former_administrator_has_no_admin_claim() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::Admin);
    let token = log_in(&app, "ann@example.org").access;
    assert_eq!(validate(&app, &token).json()["admin"], true);
    database.execute("UPDATE accounts.accounts SET role = 'user'");
    let claims = validate(&app, &token).json();
    assert_eq!(claims["admin"], false);
    assert_eq!(claims["scope"], "profile wishes");
    assert_eq!(get_as(&app, &token, "/admin/audit").status, 403);
}

/// F3: A token is valid from its `nbf` to its `exp`, with thirty seconds of leeway for clock skew.
#[test]
fn a_token_is_valid_within_its_lifetime() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let parts = Parts::of(&log_in(&app, "ann@example.org").access);
    let now = clock::now().timestamp();
    for (name, offset, status) in [
        ("exp", -20, 200),
        ("exp", -40, 401),
        ("exp", -700_000, 401),
        ("nbf", 20, 200),
        ("nbf", 40, 401),
        ("iat", 20, 200),
        ("iat", 40, 401),
    ] {
        let token = parts.with_claim(name, json!(now + offset)).sign(&signing_key());
        assert_eq!(validate(&app, &token).status, status, "{name} {offset}");
    }
}
