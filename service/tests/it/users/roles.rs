//! Roles: who has the right to all this, what becomes of it, and that somebody keeps it.
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

/// E11: the original answers plain passwords to anybody.
#[test]
fn administrators_are_listed_for_administrators_only() {
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
    let gone = accounts::create_account(&admin.database, "d@example.org", Role::Admin);
    assert_eq!(admin.delete(gone).status, 200);
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

/// D3, E19: another role counts at once, and what was signed in has ended.
#[test]
fn another_role_ends_the_sessions() {
    let admin = AdminClient::fresh();
    let id = accounts::create_account(&admin.database, "ann@example.org", Role::Admin);
    let ann = accounts::log_in(&admin.app, "ann@example.org");
    assert_eq!(accounts::get_as(&admin.app, &ann.access, "/users").status, 200);
    // The same role again, or none, ends nothing.
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
    // And the other way round.
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

/// D4
#[test]
fn a_deleted_user_is_signed_out_and_cannot_sign_in() {
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
    // Restored, she may sign in again; what has ended stays ended.
    assert_eq!(admin.restore(id).status, 200);
    accounts::get_as(&admin.app, &ann.access, "/auth/me").problem(401);
    accounts::log_in(&admin.app, "ann@example.org");
}

/// D4, E10: neither by oneself nor by another; an administrator who cannot sign in does not count.
#[test]
fn the_last_administrator_stays() {
    let admin = AdminClient::fresh();
    assert_eq!(
        admin
            .create(&json!({"email": "b@example.org", "role": "admin"}))
            .status,
        201
    );
    let gone = accounts::create_account(&admin.database, "c@example.org", Role::Admin);
    assert_eq!(admin.delete(gone).status, 200);
    let refused = admin.delete(admin.id);
    assert_eq!(
        refused.problem(409)["type"],
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
    // Everything else may be changed.
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
    // With another one who may sign in, it is allowed.
    assert_eq!(admin.restore(gone).status, 200);
    assert_eq!(admin.delete(admin.id).status, 200);
    admin.get("/users").problem(401);
}

/// D4, E10: two of two at the same time, each the other, in both ways.
#[test]
fn of_two_administrators_one_stays() {
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
        // The other one came too late in one of these ways.
        let late = statuses.iter().find(|status| **status != 200);
        assert!(
            late.is_some_and(|status| [401, 403, 409].contains(status)),
            "{statuses:?}"
        );
        let left = "SELECT count(*)::text AS line FROM accounts.accounts WHERE role = 'admin' AND deleted_at IS NULL";
        assert_eq!(admin.database.lines(left), ["1"]);
    }
}
