//! The first administrator, with `REGISTRATION=first-admin`.

use crate::support::accounts::{self, create_account_in, get_as, post, token_pair, try_log_in};
use crate::support::app::App;
use crate::support::browser::{Browser, token_in};
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a quiet mountain lake";

fn app(database: &Database) -> App {
    App::start(&database.settings(&[("REGISTRATION", "first-admin")]))
}

fn register(app: &App, email: &str) -> u16 {
    accounts::register(app, "Ann Example", email, PASSWORD).status
}

fn link(database: &Database, kind: &str, email: &str) -> Value {
    json!({ "token": token(database, kind, email) })
}

fn confirmation(database: &Database, email: &str) -> Value {
    let mut body = link(database, "confirm", email);
    body["password"] = json!(PASSWORD);
    body
}

fn roles(database: &Database) -> Vec<String> {
    database.lines("SELECT concat_ws(' ', role, count(*)) AS line FROM accounts.accounts WHERE state = 'active' GROUP BY role ORDER BY role")
}

/// E20: The first account to confirm becomes the administrator and closes the registration. Earlier registrations become
/// users.
#[test]
fn the_first_confirmed_account_is_the_administrator() {
    let database = Database::fresh();
    let app = app(&database);
    for email in ["one@example.org", "two@example.org"] {
        assert_eq!(register(&app, email), 202);
    }
    let confirm = |email| post(&app, "/auth/confirm", &confirmation(&database, email)).status;
    assert_eq!(confirm("two@example.org"), 200);
    assert_eq!(register(&app, "three@example.org"), 403);
    assert_eq!(confirm("one@example.org"), 200);
    let role = |email| {
        let access = token_pair(&try_log_in(&app, email, PASSWORD)).access;
        get_as(&app, &access, "/auth/me").json()["role"].clone()
    };
    assert_eq!(
        (role("one@example.org"), role("two@example.org")),
        (json!("user"), json!("admin"))
    );
}

/// E20: Of concurrent confirmations, by confirmation or by password reset, exactly one creates an administrator.
#[test]
fn twenty_concurrent_confirmations_create_one_administrator() {
    let database = Database::fresh();
    // One connection per request, so that all requests run at the same time.
    let more = [
        ("REGISTRATION", "first-admin"),
        ("DATABASE_ACCOUNTS_POOL_SIZE", "20"),
        // One network may take a quarter of the places.
        ("HASH_QUEUE", "200"),
    ];
    let app = App::start(&database.settings(&more));
    let emails: Vec<String> = (0..20).map(|n| format!("member{n}@example.org")).collect();
    let bodies = concurrently(20, |n| {
        assert_eq!(register(&app, &emails[n]), 202);
        if n % 7 > 0 {
            return ("/auth/confirm", confirmation(&database, &emails[n]));
        }
        post(&app, "/auth/forgot", &json!({ "email": emails[n] }));
        let mut body = link(&database, "reset", &emails[n]);
        body["password"] = json!(PASSWORD);
        ("/auth/reset", body)
    });
    // The lock stops requests before they commit, until several wait for the one that creates an administrator.
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; SELECT * FROM audit.head FOR UPDATE")
        .unwrap();
    let statuses = std::thread::scope(|scope| {
        let requests = scope.spawn(|| concurrently(20, |n| post(&app, bodies[n].0, &bodies[n].1).status));
        let waiting = "SELECT count(*)::text AS line FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let start = Instant::now();
        while database.lines(waiting)[0].parse::<u32>().unwrap() < 5 {
            assert!(start.elapsed() < Duration::from_secs(20), "no requests wait");
        }
        holder.batch_execute("COMMIT").unwrap();
        requests.join().unwrap()
    });
    assert_eq!(statuses, [200; 20]);
    assert_eq!(roles(&database), ["admin 1", "user 19"]);
}

/// E20: Only an active administrator closes the registration, not one that is invited or deleted.
#[test]
fn only_an_active_administrator_closes_registration() {
    let database = Database::fresh();
    let app = app(&database);
    create_account_in(&database, "invited@example.org", Role::Admin, "invited");
    create_account_in(&database, "deleted@example.org", Role::Admin, "active");
    assert_eq!(register(&app, "one@example.org"), 403);
    database.execute("UPDATE accounts.accounts SET deleted_at = now() WHERE email_key LIKE 'deleted%'");
    assert_eq!(register(&app, "one@example.org"), 202);
}

/// E20: An open registration creates users only.
#[test]
fn an_open_registration_creates_users_only() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "one@example.org");
    let confirmed = post(&app, "/auth/confirm", &confirmation(&database, "one@example.org"));
    assert_eq!(confirmed.status, 200);
    assert_eq!(roles(&database), ["user 1"]);
}

/// E2, E20: Someone who registers the operator's address first does not get an administrator's account by the operator's
/// click: confirming requires the password that was chosen. The operator's own password reset makes the operator
/// administrator.
#[test]
fn a_foreign_password_does_not_become_an_administrators() {
    let database = Database::fresh();
    let app = app(&database);
    let foreign = "the password of another client";
    let registered = accounts::register(&app, "Eve", "operator@example.org", foreign);
    assert_eq!(registered.status, 202);
    let mut body = link(&database, "confirm", "operator@example.org");
    for (password, status) in [(json!(null), 400), (json!(""), 403), (json!(PASSWORD), 403)] {
        body["password"] = password;
        let response = post(&app, "/auth/confirm", &body);
        assert_eq!(response.status, status, "{response:?}");
    }
    try_log_in(&app, "operator@example.org", foreign).problem(401);
    let browser = Browser::new(&app);
    let token = body["token"].as_str().unwrap();
    let page = browser.get(&format!("/confirm?token={token}"));
    assert!(page.text().contains("name=\"password\"") && page.text().contains("href=\"/forgot\""));
    let csrf = token_in(&page).unwrap();
    let fields = [("csrf", csrf.as_str()), ("token", token), ("password", PASSWORD)];
    let page = browser.post("/confirm", &fields);
    assert_eq!(page.status, 403);
    assert!(page.text().contains("is not the one that was chosen"), "{page:?}");
    assert_eq!(roles(&database), [""; 0]);

    let email = json!({ "email": "operator@example.org" });
    assert_eq!(post(&app, "/auth/forgot", &email).status, 202);
    let mut reset = link(&database, "reset", "operator@example.org");
    reset["password"] = json!(PASSWORD);
    assert_eq!(post(&app, "/auth/reset", &reset).status, 200);
    assert_eq!(roles(&database), ["admin 1"]);
    try_log_in(&app, "operator@example.org", foreign).problem(401);
    let own = token_pair(&try_log_in(&app, "operator@example.org", PASSWORD)).access;
    assert_eq!(get_as(&app, &own, "/auth/me").json()["role"], "admin");
}

/// E2, E7, J6: Guesses at the password of a confirmation are throttled and recorded, and do not use the link.
#[test]
fn guesses_at_the_password_of_a_confirmation_are_throttled() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "one@example.org");
    let mut body = link(&database, "confirm", "one@example.org");
    body["password"] = json!("not the password that was chosen");
    let statuses: Vec<u16> = (0..8)
        .map(|_| post(&app, "/auth/confirm", &body).status)
        .collect();
    assert!(
        statuses.starts_with(&[403; 5]) && statuses.contains(&429),
        "{statuses:?}"
    );
    let refused = "SELECT DISTINCT concat_ws(' ', action, detail ->> 'why') AS line FROM audit.events WHERE action LIKE 'session%'";
    assert_eq!(database.lines(refused), ["session.refused wrong password"]);
    database.execute("DELETE FROM sessions.throttles");
    body["password"] = json!(PASSWORD);
    assert_eq!(post(&app, "/auth/confirm", &body).status, 200);
}
