//! The first administrator.
use crate::support::accounts::{create_account_in, get_as, post, token_pair, try_log_in};
use crate::support::app::App;
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
    let body = json!({ "name": "Ann Example", "email": email, "password": PASSWORD });
    post(app, "/auth/register", &body).status
}

fn link(database: &Database, kind: &str, email: &str) -> Value {
    json!({ "token": token(database, kind, email) })
}

fn roles(database: &Database) -> Vec<String> {
    database.lines("SELECT concat_ws(' ', role, count(*)) AS line FROM accounts.accounts WHERE state = 'active' GROUP BY role ORDER BY role")
}

/// E20: open until the first confirms, who is the administrator; those who had registered become users; then closed.
#[test]
fn the_first_to_confirm_is_the_administrator() {
    let database = Database::fresh();
    let app = app(&database);
    for email in ["one@example.org", "two@example.org"] {
        assert_eq!(register(&app, email), 202);
    }
    let confirm = |email| post(&app, "/auth/confirm", &link(&database, "confirm", email)).status;
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

/// E20: exactly one, however many confirm at the same moment; by resets too, which prove an address like a confirmation.
#[test]
fn twenty_confirmations_at_once_make_one_administrator() {
    let database = Database::fresh();
    // A connection each: nobody waits for another's before they begin.
    let more = [
        ("REGISTRATION", "first-admin"),
        ("DATABASE_ACCOUNTS_POOL_SIZE", "20"),
    ];
    let app = App::start(&database.settings(&more));
    let emails: Vec<String> = (0..20).map(|n| format!("member{n}@example.org")).collect();
    let bodies = concurrently(20, |n| {
        assert_eq!(register(&app, &emails[n]), 202);
        if n % 7 > 0 {
            return ("/auth/confirm", link(&database, "confirm", &emails[n]));
        }
        post(&app, "/auth/forgot", &json!({ "email": emails[n] }));
        let mut body = link(&database, "reset", &emails[n]);
        body["password"] = json!(PASSWORD);
        ("/auth/reset", body)
    });
    // None of them comes to its end before all have begun.
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; SELECT * FROM audit.head FOR UPDATE")
        .unwrap();
    let statuses = std::thread::scope(|scope| {
        let asked = scope.spawn(|| concurrently(20, |n| post(&app, bodies[n].0, &bodies[n].1).status));
        let waiting = "SELECT count(*)::text AS line FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let begun = Instant::now();
        while database.lines(waiting) != ["20"] {
            assert!(
                begun.elapsed() < Duration::from_secs(3),
                "{:?} wait",
                database.lines(waiting)
            );
        }
        holder.batch_execute("COMMIT").unwrap();
        asked.join().unwrap()
    });
    assert_eq!(statuses, [200; 20]);
    assert_eq!(roles(&database), ["admin 1", "user 19"]);
}

/// E20: an administrator who is invited, unconfirmed or deleted is none yet, or none any more.
#[test]
fn only_a_living_confirmed_administrator_closes_the_door() {
    let database = Database::fresh();
    let app = app(&database);
    create_account_in(&database, "invited@example.org", Role::Admin, "invited");
    create_account_in(&database, "deleted@example.org", Role::Admin, "active");
    assert_eq!(register(&app, "one@example.org"), 403);
    database.execute("UPDATE accounts.accounts SET deleted_at = now() WHERE email_key LIKE 'deleted%'");
    assert_eq!(register(&app, "one@example.org"), 202);
}

/// E20: where registration is open to all, nobody becomes an administrator by it.
#[test]
fn an_open_registration_makes_users() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "one@example.org");
    let confirmed = post(
        &app,
        "/auth/confirm",
        &link(&database, "confirm", "one@example.org"),
    );
    assert_eq!(confirmed.status, 200);
    assert_eq!(roles(&database), ["user 1"]);
}
