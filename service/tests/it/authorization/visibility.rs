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
    let desk = AdminClient::fresh();
    let other = accounts::account(&desk.database, "other@example.org", Role::User);
    let theirs = accounts::log_in(&desk.app, "other@example.org").access;
    let sessions = accounts::get(&desk.app, &theirs, "/auth/sessions").json();
    let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let wish = accounts::ask(
        &desk.app,
        &theirs,
        "POST",
        "/wishes",
        &json!({"title": "a secret wish"}),
    );
    let wish = wish.header("location").to_owned();
    for role in [Role::User, Role::Ingest, Role::Approver] {
        let own = format!("{role}@example.org");
        let token = accounts::token(&desk.app, &desk.database, &own, role);
        let me = accounts::get(&desk.app, &token, "/auth/me");
        assert_eq!(me.json()["email"], own);
        for path in [
            format!("/user?id={other}"),
            "/users".to_owned(),
            "/users?q=other".to_owned(),
            "/auth/admins".to_owned(),
            format!("/admin/audit?subject=account%3A{other}"),
        ] {
            let refused = accounts::get(&desk.app, &token, &path);
            refused.problem(403);
            tells_nothing_of(&refused, "other@example.org");
        }
        accounts::get(&desk.app, &token, &wish).problem(404);
        accounts::ask(&desk.app, &token, "DELETE", &wish, &Value::Null).problem(404);
        accounts::ask(
            &desk.app,
            &token,
            "DELETE",
            &format!("/auth/sessions/{session}"),
            &Value::Null,
        )
        .problem(404);
        for path in ["/auth/me", "/auth/sessions", "/wishes"] {
            let response = accounts::get(&desk.app, &token, path);
            assert_eq!(response.status, 200);
            tells_nothing_of(&response, "other@example.org");
            tells_nothing_of(&response, "a secret wish");
            tells_nothing_of(&response, &session);
        }
    }
    assert_eq!(accounts::get(&desk.app, &theirs, &wish).status, 200);
}

/// D10: an administrator sees accounts, and neither wishes nor sessions nor what proves who somebody is.
#[test]
fn an_administrator_sees_accounts_and_no_more() {
    let desk = AdminClient::fresh();
    let other = accounts::account(&desk.database, "other@example.org", Role::User);
    let theirs = accounts::log_in(&desk.app, "other@example.org").access;
    let sessions = accounts::get(&desk.app, &theirs, "/auth/sessions").json();
    let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let wish = accounts::ask(
        &desk.app,
        &theirs,
        "POST",
        "/wishes",
        &json!({"title": "a secret wish"}),
    );
    let wish = wish.header("location").to_owned();
    assert_eq!(desk.find(other).json()["email"], "other@example.org");
    desk.get(&wish).problem(404);
    tells_nothing_of(&desk.get("/wishes"), "a secret wish");
    tells_nothing_of(&desk.get("/auth/sessions"), &session);
    let ended = accounts::ask(
        &desk.app,
        &desk.token,
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
        tells_nothing_of(&desk.get(&path), accounts::password_hash());
        tells_nothing_of(&desk.get(&path), "argon2");
    }
}

/// D10: whoever is not signed in learns nothing about who has an account.
#[test]
fn a_stranger_sees_no_account() {
    let desk = AdminClient::fresh();
    accounts::account(&desk.database, "other@example.org", Role::User);
    for path in [
        "/user?id=1",
        "/user?id=404404",
        "/users",
        "/auth/admins",
        "/auth/me",
        "/admin/audit",
    ] {
        let refused = desk.app.get(path);
        refused.problem(401);
        tells_nothing_of(&refused, "example.org");
    }
    for (path, more) in [("/auth/forgot", json!({})), ("/auth/resend", json!({}))] {
        let ask = |email: &str| {
            let mut body = more.clone();
            body["email"] = json!(email);
            let response = accounts::post(&desk.app, path, &body);
            (response.status, response.text().to_owned())
        };
        assert_eq!(ask("other@example.org"), ask("nobody@example.org"), "{path}");
    }
}
