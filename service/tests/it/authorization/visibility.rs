//! What each role sees of other accounts, as docs/authorization.md describes it.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// Asserts that a response does not contain a text.
fn assert_hidden(response: &Response, text: &str) {
    let body = response.text();
    assert!(!body.contains(text), "{text} in {body}");
}

/// D10: An account without the administrator role sees no data of other accounts.
#[test]
fn an_account_sees_only_its_own_data() {
    let admin = AdminClient::fresh();
    let other = accounts::create_account(&admin.database, "other@example.org", Role::User);
    let theirs = accounts::log_in(&admin.app, "other@example.org").access;
    let sessions = accounts::get_as(&admin.app, &theirs, "/auth/sessions").json();
    let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let wish = accounts::call_as(
        &admin.app,
        &theirs,
        "POST",
        "/wishes",
        &json!({"title": "a secret wish"}),
    );
    let wish = wish.header("location").to_owned();
    for role in [Role::User, Role::Ingest, Role::Approver] {
        let own = format!("{role}@example.org");
        let token = accounts::create_and_log_in(&admin.app, &admin.database, &own, role);
        let me = accounts::get_as(&admin.app, &token, "/auth/me");
        assert_eq!(me.json()["email"], own);
        for path in [
            format!("/user?id={other}"),
            "/users".to_owned(),
            "/users?q=other".to_owned(),
            "/auth/admins".to_owned(),
            format!("/admin/audit?subject=account%3A{other}"),
        ] {
            let rejected = accounts::get_as(&admin.app, &token, &path);
            rejected.problem(403);
            assert_hidden(&rejected, "other@example.org");
        }
        accounts::get_as(&admin.app, &token, &wish).problem(404);
        accounts::call_as(&admin.app, &token, "DELETE", &wish, &Value::Null).problem(404);
        accounts::call_as(
            &admin.app,
            &token,
            "DELETE",
            &format!("/auth/sessions/{session}"),
            &Value::Null,
        )
        .problem(404);
        for path in ["/auth/me", "/auth/sessions", "/wishes"] {
            let response = accounts::get_as(&admin.app, &token, path);
            assert_eq!(response.status, 200);
            assert_hidden(&response, "other@example.org");
            assert_hidden(&response, "a secret wish");
            assert_hidden(&response, &session);
        }
    }
    assert_eq!(accounts::get_as(&admin.app, &theirs, &wish).status, 200);
}

/// D10: An administrator sees accounts, but no wishes, sessions or credentials of others.
#[test]
fn an_administrator_sees_accounts_only() {
    let admin = AdminClient::fresh();
    let other = accounts::create_account(&admin.database, "other@example.org", Role::User);
    let theirs = accounts::log_in(&admin.app, "other@example.org").access;
    let sessions = accounts::get_as(&admin.app, &theirs, "/auth/sessions").json();
    let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let wish = accounts::call_as(
        &admin.app,
        &theirs,
        "POST",
        "/wishes",
        &json!({"title": "a secret wish"}),
    );
    let wish = wish.header("location").to_owned();
    assert_eq!(admin.get_user(other).json()["email"], "other@example.org");
    admin.get(&wish).problem(404);
    assert_hidden(&admin.get("/wishes"), "a secret wish");
    assert_hidden(&admin.get("/auth/sessions"), &session);
    let ended = accounts::call_as(
        &admin.app,
        &admin.token,
        "DELETE",
        &format!("/auth/sessions/{session}"),
        &Value::Null,
    );
    ended.problem(404);
    for path in [
        format!("/user?id={other}"),
        "/users".to_owned(),
        "/auth/admins".to_owned(),
    ] {
        assert_hidden(&admin.get(&path), accounts::password_hash());
        assert_hidden(&admin.get(&path), "argon2");
    }
}

/// D10: Unauthenticated clients learn nothing about accounts.
#[test]
fn an_unauthenticated_client_sees_no_account() {
    let admin = AdminClient::fresh();
    accounts::create_account(&admin.database, "other@example.org", Role::User);
    for path in [
        "/user?id=1",
        "/user?id=404404",
        "/users",
        "/auth/admins",
        "/auth/me",
        "/admin/audit",
    ] {
        let rejected = admin.app.get(path);
        rejected.problem(401);
        assert_hidden(&rejected, "example.org");
    }
    for path in ["/auth/forgot", "/auth/resend"] {
        let result = |email: &str| {
            let response = accounts::post(&admin.app, path, &json!({ "email": email }));
            (response.status, response.text().to_owned())
        };
        assert_eq!(
            result("other@example.org"),
            result("nobody@example.org"),
            "{path}"
        );
    }
}
