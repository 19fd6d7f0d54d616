//! Two instances over one database: a change through one takes effect at the other with the next request.

use crate::support::accounts::{
    PASSWORD, call_as, create_account, get_as, log_in, post, try_log_in, with_json,
};
use crate::support::app::{App, send};
use crate::support::browser::Browser;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

fn two_instances() -> (Database, App, App) {
    let database = Database::fresh();
    let (here, there) = (App::over(&database), App::over(&database));
    (database, here, there)
}

fn assert_invalid_token(response: &Response) {
    response.problem(401);
    assert!(response.header("www-authenticate").contains("invalid_token"));
}

fn change_role(app: &App, admin: &str, id: i64, email: &str, role: Role) {
    let request = app.request("PUT", &format!("/user?id={id}")).bearer_auth(admin);
    let body = json!({"email": email, "role": role.as_str()}).to_string();
    let response = send(with_json(request.header("if-match", "*"), &body));
    assert_eq!(response.status, 200, "{response:?}");
}

/// E10, D4, E13: Deleting an administrator revokes every token and session at both instances at once, and restoring the
/// account revives none of them.
#[test]
fn a_deleted_administrator_is_rejected_everywhere() {
    let (database, here, there) = two_instances();
    create_account(&database, "root@example.org", Role::Admin);
    let id = create_account(&database, "ann@example.org", Role::Admin);
    let root = log_in(&here, "root@example.org").access;
    let ann = log_in(&here, "ann@example.org");
    let browser = Browser::signed_in(&here, "ann@example.org", PASSWORD);
    for app in [&here, &there] {
        assert_eq!(get_as(app, &ann.access, "/users").status, 200);
    }
    let deleted = call_as(&there, &root, "DELETE", &format!("/user?id={id}"), &Value::Null);
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let assert_rejected = || {
        for app in [&here, &there] {
            for path in ["/users", "/auth/me", "/admin/audit", "/wishes"] {
                assert_invalid_token(&get_as(app, &ann.access, path));
            }
            assert_invalid_token(&call_as(app, &ann.access, "POST", "/validate", &Value::Null));
            post(app, "/auth/refresh", &json!({"refresh_token": ann.refresh})).problem(401);
        }
        assert_eq!(browser.get("/my/wishes").status, 303);
    };
    assert_rejected();
    for app in [&here, &there] {
        try_log_in(app, "ann@example.org", PASSWORD).problem(401);
    }
    let restored = call_as(
        &here,
        &root,
        "POST",
        &format!("/user/restore?id={id}"),
        &Value::Null,
    );
    assert_eq!(restored.status, 200, "{restored:?}");
    assert_rejected();
}

/// E19, D3: A new role ends every session at both instances at once, and the next login has the new rights.
#[test]
fn a_new_role_takes_effect_everywhere() {
    let (database, here, there) = two_instances();
    create_account(&database, "root@example.org", Role::Admin);
    let id = create_account(&database, "bob@example.org", Role::User);
    let root = log_in(&here, "root@example.org").access;
    for (app, role, status) in [(&here, Role::Admin, 200), (&there, Role::User, 403)] {
        let old = log_in(&there, "bob@example.org").access;
        assert_eq!(get_as(&here, &old, "/auth/me").status, 200);
        change_role(app, &root, id, "bob@example.org", role);
        assert_invalid_token(&get_as(&here, &old, "/users"));
        assert_invalid_token(&get_as(&there, &old, "/users"));
        let new = log_in(&here, "bob@example.org").access;
        assert_eq!(
            (
                get_as(&here, &new, "/users").status,
                get_as(&there, &new, "/users").status
            ),
            (status, status)
        );
    }
}

/// E19: Rights depend on the current role of the account, not on the claims of its token.
#[test]
fn a_token_grants_only_current_rights() {
    let (database, here, there) = two_instances();
    create_account(&database, "ann@example.org", Role::Admin);
    let ann = log_in(&here, "ann@example.org").access;
    let users = |app: &App| get_as(app, &ann, "/users");
    for _ in 0..3 {
        assert_eq!((users(&here).status, users(&there).status), (200, 200));
        database.execute("UPDATE accounts.accounts SET role = 'user'");
        for app in [&here, &there] {
            let rejected = users(app);
            rejected.problem(403);
            assert!(rejected.header("www-authenticate").contains("insufficient_scope"));
        }
        database.execute("UPDATE accounts.accounts SET role = 'admin'");
    }
}

/// E9, E12, E13: A session that is refreshed, ended or revoked at one instance is so at the other.
#[test]
fn a_session_ended_at_one_instance_is_ended_at_the_other() {
    let (database, here, there) = two_instances();
    create_account(&database, "ann@example.org", Role::User);
    let (first, second) = (
        log_in(&here, "ann@example.org"),
        log_in(&there, "ann@example.org"),
    );
    let refreshed = post(&there, "/auth/refresh", &json!({"refresh_token": first.refresh}));
    assert_eq!(refreshed.status, 200, "refreshed at the other instance");
    assert_eq!(
        call_as(&there, &first.access, "POST", "/auth/logout", &Value::Null).status,
        204
    );
    assert_invalid_token(&get_as(&here, &first.access, "/auth/me"));
    assert_invalid_token(&get_as(
        &here,
        refreshed.json()["access_token"].as_str().unwrap(),
        "/auth/me",
    ));
    let third = log_in(&here, "ann@example.org");
    let change = json!({"current_password": PASSWORD, "new_password": "an entirely different sentence"});
    assert_eq!(
        call_as(&here, &second.access, "PUT", "/auth/me", &change).status,
        200
    );
    assert_invalid_token(&get_as(&there, &third.access, "/auth/me"));
    try_log_in(&there, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(
        get_as(&there, &second.access, "/auth/me").status,
        200,
        "the session that changed the password stays valid"
    );
}

/// E7: Failed logins at both instances are counted together.
#[test]
fn failed_logins_are_counted_together() {
    let (database, here, there) = two_instances();
    create_account(&database, "ann@example.org", Role::User);
    let guess = |app: &App| try_log_in(app, "ann@example.org", "a wrong guess of mine");
    let mut statuses = Vec::new();
    for number in 0..8 {
        statuses.push(guess([&here, &there][number % 2]).status);
    }
    assert!(
        statuses.starts_with(&[401; 5]) && statuses.contains(&429),
        "{statuses:?}"
    );
    let rejected = [guess(&here), guess(&there)];
    assert!(
        rejected
            .iter()
            .any(|response| response.status == 429 && !response.header("retry-after").is_empty())
    );
}

/// G4: Of concurrent updates of one wish version at two instances, one succeeds.
#[test]
fn of_concurrent_wish_updates_one_succeeds() {
    let (database, here, there) = two_instances();
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&here, "ann@example.org").access;
    let made = call_as(&here, &ann, "POST", "/wishes", &json!({"title": "one"}));
    let (path, body) = (
        made.header("location"),
        json!({"title": "two", "note": "", "done": true}).to_string(),
    );
    let statuses = concurrently(10, |number| {
        let app = [&here, &there][number % 2];
        let request = app
            .request("PUT", path)
            .bearer_auth(&ann)
            .header("if-match", "\"1\"");
        send(with_json(request, &body)).status
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        9,
        "{statuses:?}"
    );
    assert_eq!(get_as(&there, &ann, path).header("etag"), "\"2\"");
}
