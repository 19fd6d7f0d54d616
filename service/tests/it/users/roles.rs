//! Roles: listing and demoting administrators, and protecting the last one.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::thread;

fn addresses(page: &Value) -> Vec<&str> {
    let admins = page["admins"].as_array().unwrap();
    admins
        .iter()
        .map(|admin| admin["email"].as_str().unwrap())
        .collect()
}

/// E11: Only an administrator can list the administrators, without secrets. The legacy system shows plaintext passwords to
/// anyone.
#[test]
fn only_an_administrator_lists_administrators() {
    let admin = AdminClient::fresh();
    send(admin.app.request("GET", "/auth/admins")).problem(401);
    for role in [Role::User, Role::Approver, Role::Ingest] {
        let token =
            accounts::create_and_log_in(&admin.app, &admin.database, &format!("{role}@example.org"), role);
        accounts::get_as(&admin.app, &token, "/auth/admins").problem(403);
    }
    assert_eq!(
        admin
            .create(&json!({"email": "b@example.org", "role": "admin"}))
            .status,
        201
    );
    accounts::create_account(&admin.database, "c@example.org", Role::Admin);
    let deleted = accounts::create_account(&admin.database, "d@example.org", Role::Admin);
    assert_eq!(admin.delete(deleted).status, 200);
    let all = admin.get("/auth/admins");
    assert_eq!(
        addresses(&all.json()),
        ["admin@example.org", "b@example.org", "c@example.org"]
    );
    let text = all.text().to_lowercase();
    for secret in [
        "password",
        "argon2",
        "hash",
        "totp",
        "secret",
        "token",
        &accounts::PASSWORD.to_lowercase(),
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let first = admin.get("/auth/admins?limit=2");
    let link = first.header("link");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let second = admin.get(next);
    assert_eq!(
        (addresses(&second.json()), second.header("link")),
        (vec!["c@example.org"], "")
    );
    assert_eq!(
        admin.get("/auth/admins?after=7&limit=x").fields(400),
        ["query:limit"]
    );
    assert_eq!(admin.get("/auth/admins?after=7").fields(400), ["query:after"]);
}

/// D3, E19: A new role takes effect at once and ends every session of the account.
#[test]
fn a_new_role_ends_the_sessions() {
    let admin = AdminClient::fresh();
    let id = accounts::create_account(&admin.database, "ann@example.org", Role::Admin);
    let ann = accounts::log_in(&admin.app, "ann@example.org");
    assert_eq!(accounts::get_as(&admin.app, &ann.access, "/users").status, 200);
    // The same role, or no role, ends no session.
    for body in [
        json!({"email": "ann@example.org"}),
        json!({"email": "ann@example.org", "role": "admin"}),
    ] {
        assert_eq!(admin.update(id, "*", &body).status, 200);
        assert_eq!(accounts::get_as(&admin.app, &ann.access, "/users").status, 200);
    }
    let demoted = admin.update(
        id,
        "*",
        &json!({"email": "ann@example.org", "role": "user", "name": "Ann"}),
    );
    assert_eq!((demoted.status, &demoted.json()["role"]), (200, &json!("user")));
    accounts::get_as(&admin.app, &ann.access, "/users").problem(401);
    let refresh = json!({"refresh_token": ann.refresh});
    accounts::post(&admin.app, "/auth/refresh", &refresh).problem(401);
    let again = accounts::log_in(&admin.app, "ann@example.org").access;
    accounts::get_as(&admin.app, &again, "/users").problem(403);
    assert_eq!(accounts::get_as(&admin.app, &again, "/auth/me").status, 200);
    assert_eq!(
        admin.events(id)[2..],
        [
            "account.changed {\"fields\": [\"name\"]}",
            "role.changed {\"to\": \"user\", \"from\": \"admin\"}"
        ]
    );
    // Promotion ends sessions as well.
    assert_eq!(
        admin
            .update(id, "*", &json!({"email": "ann@example.org", "role": "admin"}))
            .status,
        200
    );
    accounts::get_as(&admin.app, &again, "/auth/me").problem(401);
    let again = accounts::log_in(&admin.app, "ann@example.org").access;
    assert_eq!(accounts::get_as(&admin.app, &again, "/users").status, 200);
}

/// D4: Deleting a user ends every session and prevents logins. Restoring the user does not revive sessions.
#[test]
fn a_deleted_user_is_logged_out_and_cannot_log_in() {
    let admin = AdminClient::fresh();
    let id = accounts::create_account(&admin.database, "ann@example.org", Role::User);
    let ann = accounts::log_in(&admin.app, "ann@example.org");
    assert_eq!(admin.delete(id).status, 200);
    accounts::get_as(&admin.app, &ann.access, "/auth/me").problem(401);
    accounts::post(
        &admin.app,
        "/auth/refresh",
        &json!({"refresh_token": ann.refresh}),
    )
    .problem(401);
    accounts::try_log_in(&admin.app, "ann@example.org", accounts::PASSWORD).problem(401);
    // A restored user can log in again, but ended sessions stay ended.
    assert_eq!(admin.restore(id).status, 200);
    accounts::get_as(&admin.app, &ann.access, "/auth/me").problem(401);
    accounts::log_in(&admin.app, "ann@example.org");
}

/// D4, E10: The last administrator can be neither deleted nor demoted. A deleted administrator does not count.
#[test]
fn the_last_administrator_cannot_be_removed() {
    let admin = AdminClient::fresh();
    assert_eq!(
        admin
            .create(&json!({"email": "b@example.org", "role": "admin"}))
            .status,
        201
    );
    let deleted = accounts::create_account(&admin.database, "c@example.org", Role::Admin);
    assert_eq!(admin.delete(deleted).status, 200);
    let rejected = admin.delete(admin.id);
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:last-administrator"
    );
    for role in ["user", "approver", "ingest"] {
        let body = json!({"email": "new@example.org", "role": role});
        assert_eq!(
            admin.update(admin.id, "*", &body).problem(409)["type"],
            "urn:portcullis:problem:last-administrator"
        );
    }
    let me = admin.get_user(admin.id);
    assert_eq!(
        (&me.json()["email"], me.header("etag")),
        (&json!("admin@example.org"), "\"1\"")
    );
    assert_eq!(admin.events(admin.id), Vec::<String>::new());
    // Other changes are allowed.
    assert_eq!(
        admin
            .update(
                admin.id,
                "*",
                &json!({"email": "admin@example.org", "name": "Ada", "role": "admin"})
            )
            .status,
        200
    );
    // With a second active administrator it is allowed.
    assert_eq!(admin.restore(deleted).status, 200);
    assert_eq!(admin.delete(admin.id).status, 200);
    admin.get("/users").problem(401);
}

/// D4, E10: When two administrators delete or demote each other concurrently, one remains.
#[test]
fn of_two_administrators_one_remains() {
    for round in 0..6 {
        let admin = AdminClient::fresh();
        let other = accounts::create_account(&admin.database, "other@example.org", Role::Admin);
        let token = accounts::log_in(&admin.app, "other@example.org").access;
        let emails = [(other, "other@example.org"), (admin.id, "admin@example.org")];
        let remove = |token: &str, id: i64| match round % 2 {
            0 => {
                accounts::call_as(
                    &admin.app,
                    token,
                    "DELETE",
                    &format!("/user?id={id}"),
                    &Value::Null,
                )
                .status
            }
            _ => {
                let request = admin.app.request("PUT", &format!("/user?id={id}"));
                let request = request.bearer_auth(token).header("If-Match", "*");
                let (_, email) = emails.iter().find(|(of, _)| *of == id).unwrap();
                let body = json!({"email": email, "role": "user"});
                send(accounts::with_json(request, &body.to_string())).status
            }
        };
        let statuses = thread::scope(|scope| {
            let one = scope.spawn(|| remove(&admin.token, other));
            let two = scope.spawn(|| remove(&token, admin.id));
            [one.join().unwrap(), two.join().unwrap()]
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        // The other request fails in one of these ways.
        let late = statuses.iter().find(|status| **status != 200);
        assert!(
            late.is_some_and(|status| [401, 403, 409].contains(status)),
            "{statuses:?}"
        );
        let count = "SELECT count(*)::text AS line FROM accounts.accounts WHERE role = 'admin' AND deleted_at IS NULL";
        assert_eq!(admin.database.lines(count), ["1"]);
    }
}
