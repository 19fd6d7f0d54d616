//! `/auth/me`: reading and changing the account of the caller.

use crate::support::accounts::{self, PASSWORD, call_as, create_account, get_as, log_in, post, try_log_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NEW: &str = "an entirely different sentence";

fn put(app: &App, token: &str, body: &Value) -> Response {
    call_as(app, token, "PUT", "/auth/me", body)
}

/// E8: An account reads its own data, without credentials or hashes.
#[test]
fn an_account_reads_its_own_data() {
    let database = Database::fresh();
    let app = App::over(&database);
    for (email, role) in [("ann@example.org", Role::Admin), ("bob@example.org", Role::User)] {
        let token = accounts::create_and_log_in(&app, &database, email, role);
        let me = get_as(&app, &token, "/auth/me");
        assert_eq!(me.status, 200, "{me:?}");
        assert!(
            !me.text().contains("argon2") && !me.text().contains("hash"),
            "{me:?}"
        );
        let me = me.json();
        assert_eq!(
            (me["email"].as_str(), me["role"].as_str()),
            (Some(email), Some(role.as_str()))
        );
        assert_eq!(me["scopes"].as_array().unwrap().len(), role.scopes().len());
        assert_eq!(me["second_factor"], false);
        let mut members: Vec<&String> = me.as_object().unwrap().keys().collect();
        members.sort_unstable();
        assert_eq!(
            members,
            [
                "confirmed_at",
                "created_at",
                "email",
                "id",
                "name",
                "password_changed_at",
                "role",
                "scopes",
                "second_factor"
            ]
        );
    }
    let anonymous = app.get("/auth/me");
    anonymous.problem(401);
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
}

/// E9: An account changes its name alone, and cannot change its role.
#[test]
fn the_name_can_be_changed_and_the_role_cannot() {
    let database = Database::fresh();
    let app = App::over(&database);
    let token = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let changed = put(&app, &token, &json!({ "name": " Þórunn Ágústsdóttir " }));
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["name"], "Þórunn Ágústsdóttir");
    assert_eq!(get_as(&app, &token, "/auth/me").json(), changed.json());
    put(&app, &token, &json!({ "role": "admin" })).problem(400);
    put(&app, &token, &json!({})).problem(400);
    assert_eq!(
        put(&app, &token, &json!({ "name": "a\r\nBcc: b" })).fields(400),
        ["body:name"]
    );
    let version = "SELECT concat_ws(' ', version, role) AS line FROM accounts.accounts";
    assert_eq!(database.lines(version), ["2 user"]);
}

/// E9: A new address takes effect when it is confirmed. The old address is notified and can log in until then.
#[test]
fn a_new_address_takes_effect_when_confirmed() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let change = json!({ "email": "Ann@new.example", "current_password": PASSWORD });
    let changed = put(&app, &access, &change).json();
    assert_eq!(changed["email"], "ann@example.org");
    assert_eq!(changed["pending_email"], "Ann@new.example");
    assert_eq!(
        list_outbox(&database),
        ["change_email Ann@new.example", "email_changing ann@example.org"]
    );
    try_log_in(&app, "ann@new.example", PASSWORD).problem(401);
    assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);
    post(&app, "/auth/forgot", &json!({ "email": "ann@example.org" }));
    let stale_reset = token(&database, "reset", "ann@example.org");
    let link = json!({ "token": token(&database, "change_email", "Ann@new.example") });
    assert_eq!(
        app.request("GET", "/auth/change-email").send().unwrap().status(),
        405
    );
    assert_eq!(post(&app, "/auth/change-email", &link).status, 200);
    post(&app, "/auth/change-email", &link).problem(404);
    let me = get_as(&app, &access, "/auth/me").json();
    assert_eq!(
        (me["email"].as_str(), me.get("pending_email")),
        (Some("Ann@new.example"), None)
    );
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(try_log_in(&app, "ann@new.example", PASSWORD).status, 200);
    // Links mailed to the former address no longer work.
    let reset = json!({ "token": stale_reset, "password": NEW });
    post(&app, "/auth/reset", &reset).problem(404);
}

/// E9, E1: Changing to an existing address gets the same response as a free one. Only its owner is notified.
#[test]
fn changing_to_an_existing_address_does_not_reveal_it() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "bob@example.org", Role::User);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let change = json!({ "email": "bob@example.org", "current_password": PASSWORD });
    let changed = put(&app, &access, &change);
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["pending_email"], "bob@example.org");
    assert_eq!(
        list_outbox(&database),
        [
            "already_registered bob@example.org",
            "email_changing ann@example.org"
        ]
    );
}

/// E9: An address that another account took before its confirmation is rejected with 409, and the account does not change.
#[test]
fn an_address_taken_before_its_confirmation_is_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    put(
        &app,
        &access,
        &json!({ "email": "new@example.org", "current_password": PASSWORD }),
    );
    create_account(&database, "new@example.org", Role::User);
    let link = json!({ "token": token(&database, "change_email", "new@example.org") });
    let problem = post(&app, "/auth/change-email", &link).problem(409);
    assert_eq!(problem["type"], "urn:portcullis:problem:address-taken");
    assert_eq!(
        get_as(&app, &access, "/auth/me").json()["email"],
        "ann@example.org"
    );
}

/// E9: A new password requires the current one, ends all other sessions, revokes pending links, and is announced by mail.
#[test]
fn a_new_password_requires_the_current_one() {
    let database = Database::fresh();
    let app = App::over(&database);
    let own = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let other = log_in(&app, "ann@example.org").access;
    let bobs = accounts::create_and_log_in(&app, &database, "bob@example.org", Role::User);
    post(&app, "/auth/forgot", &json!({ "email": "ann@example.org" }));
    let stale = token(&database, "reset", "ann@example.org");
    assert_eq!(
        put(&app, &own, &json!({ "new_password": NEW })).fields(400),
        ["body:current_password"]
    );
    assert_eq!(
        put(&app, &own, &json!({ "email": "x@y.org" })).fields(400),
        ["body:current_password"]
    );
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let wrong = put(&app, &own, &change("not that", NEW)).problem(403);
    assert_eq!(wrong["type"], "urn:portcullis:problem:wrong-password");
    assert_eq!(
        put(&app, &own, &change(PASSWORD, "password")).fields(400),
        ["body:new_password"]
    );
    assert_eq!(get_as(&app, &other, "/auth/me").status, 200);
    assert_eq!(put(&app, &own, &change(PASSWORD, NEW)).status, 200);
    assert_eq!(get_as(&app, &own, "/auth/me").status, 200);
    get_as(&app, &other, "/auth/me").problem(401);
    assert_eq!(get_as(&app, &bobs, "/auth/me").status, 200);
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
    assert_eq!(
        list_outbox(&database).last().unwrap(),
        "password_changed ann@example.org"
    );
    post(
        &app,
        "/auth/reset",
        &json!({ "token": stale, "password": PASSWORD }),
    )
    .problem(404);
}

/// E7, E9: Guesses of the current password in an open session are throttled.
#[test]
fn guesses_of_the_current_password_are_throttled() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let guess = |n: usize| {
        let guess = format!("guess {n}");
        put(
            &app,
            &access,
            &json!({ "current_password": guess, "new_password": NEW }),
        )
    };
    let responses: Vec<Response> = (0..8).map(guess).collect();
    assert!(
        responses[..5].iter().all(|response| response.status == 403),
        "{responses:?}"
    );
    let throttled = responses.iter().find(|response| response.status == 429).unwrap();
    assert_eq!(
        throttled.problem(429)["type"],
        "urn:portcullis:problem:too-many-attempts"
    );
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() >= 1);
    // Changing the name requires no password and is not throttled.
    assert_eq!(put(&app, &access, &json!({ "name": "Ann" })).status, 200);
}

/// E9: Of concurrent password changes with the same current password, one succeeds.
#[test]
fn of_concurrent_password_changes_one_succeeds() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let mut statuses = concurrently(4, |n| {
        let new = format!("{NEW} {n}");
        put(
            &app,
            &access,
            &json!({ "current_password": PASSWORD, "new_password": new }),
        )
        .status
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403]);
}

/// E9, O5: What a GET returned can be sent back, with or without a change. Read-only members that differ, and unknown members,
/// are named together.
#[test]
fn the_account_can_be_sent_back_as_it_was_returned() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let pending = json!({ "email": "new@example.org", "current_password": PASSWORD });
    assert_eq!(put(&app, &access, &pending).status, 200);
    let returned = get_as(&app, &access, "/auth/me").json();
    assert_eq!(put(&app, &access, &returned).json(), returned);
    assert_eq!(
        returned["pending_email"], "new@example.org",
        "it is not cancelled"
    );
    let mut changed = returned.clone();
    changed["name"] = json!("Ann Other");
    changed["created_at"] = json!(returned["created_at"].as_str().unwrap().replace('Z', "+00:00"));
    assert_eq!(put(&app, &access, &changed).json()["name"], "Ann Other");
    changed["role"] = json!("admin");
    changed["scopes"] = json!(["users:write"]);
    changed["second_factor"] = json!(true);
    let differing = put(&app, &access, &changed);
    let problem = differing.problem(400);
    let reasons: Vec<&Value> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["reason"])
        .collect();
    assert!(
        reasons
            .iter()
            .all(|reason| reason.as_str().unwrap().starts_with("is read-only")),
        "{problem}"
    );
    assert_eq!(
        differing.fields(400),
        ["body:role", "body:scopes", "body:second_factor"]
    );
    let unknown = put(
        &app,
        &access,
        &json!({ "name": "Ann", "nick": "A", "admin": true }),
    );
    assert_eq!(unknown.fields(400), ["body:nick", "body:admin"]);
    let row = "SELECT concat_ws(' ', name, role) AS line FROM accounts.accounts";
    assert_eq!(database.lines(row), ["Ann Other user"]);
}

/// E5, E9, F1: White space around an address is trimmed wherever an address is sent.
#[test]
fn white_space_around_an_address_is_trimmed() {
    let database = Database::fresh();
    let app = App::over(&database);
    let registered = accounts::register(&app, "Ann", "\tann@example.org ", NEW);
    assert_eq!(registered.status, 202);
    let link = json!({ "token": token(&database, "confirm", "ann@example.org"), "password": NEW });
    assert_eq!(post(&app, "/auth/confirm", &link).status, 200);
    let padded = " Ann@example.org\u{a0}\n";
    let access = accounts::token_pair(&try_log_in(&app, padded, NEW)).access;
    let basic = app
        .request("POST", "/login")
        .basic_auth("ann@example.org ", Some(NEW));
    assert_eq!(crate::support::app::send(basic).status, 200);
    let change = json!({ "email": "new@example.org ", "current_password": NEW });
    assert_eq!(
        put(&app, &access, &change).json()["pending_email"],
        "new@example.org"
    );
    assert_eq!(
        post(&app, "/auth/forgot", &json!({ "email": "ann@example.org " })).status,
        202
    );
    token(&database, "reset", "ann@example.org");
}
