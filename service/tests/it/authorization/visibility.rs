//! Who sees whom: docs/authorization.md in words, tried out.
use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// Nothing of the person shows in what others get.
fn tells_nothing_of(response: &Response, address: &str) {
    let text = response.text();
    assert!(!text.contains(address), "{address} in {text}");
}

/// D10: every role but the administrator's sees itself and nobody else, whatever it asks for.
#[test]
fn everybody_sees_themselves_only() {
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
            let refused = accounts::get_as(&admin.app, &token, &path);
            refused.problem(403);
            tells_nothing_of(&refused, "other@example.org");
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
            tells_nothing_of(&response, "other@example.org");
            tells_nothing_of(&response, "a secret wish");
            tells_nothing_of(&response, &session);
        }
    }
    assert_eq!(accounts::get_as(&admin.app, &theirs, &wish).status, 200);
}

/// D10: an administrator sees accounts, and neither wishes nor sessions nor what proves who somebody is.
#[test]
fn an_administrator_sees_accounts_and_no_more() {
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
    tells_nothing_of(&admin.get("/wishes"), "a secret wish");
    tells_nothing_of(&admin.get("/auth/sessions"), &session);
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
        tells_nothing_of(&admin.get(&path), accounts::password_hash());
        tells_nothing_of(&admin.get(&path), "argon2");
    }
}

/// D10: whoever is not signed in learns nothing about who has an account.
#[test]
fn a_stranger_sees_no_account() {
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
        let refused = admin.app.get(path);
        refused.problem(401);
        tells_nothing_of(&refused, "example.org");
    }
    for (path, more) in [("/auth/forgot", json!({})), ("/auth/resend", json!({}))] {
        let ask = |email: &str| {
            let mut body = more.clone();
            body["email"] = json!(email);
            let response = accounts::post(&admin.app, path, &body);
            (response.status, response.text().to_owned())
        };
        assert_eq!(ask("other@example.org"), ask("nobody@example.org"), "{path}");
    }
}
