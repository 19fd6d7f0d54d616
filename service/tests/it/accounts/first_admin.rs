//! The first administrator, with `REGISTRATION=first-admin`.

use crate::support::accounts::{self, create_account_in, get_as, post, token_pair, try_log_in};
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
    accounts::register(app, "Ann Example", email, PASSWORD).status
}

fn link(database: &Database, kind: &str, email: &str) -> Value {
    json!({ "token": token(database, kind, email) })
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

/// E20: Of concurrent confirmations, by confirmation or by password reset, exactly one creates an administrator.
#[test]
fn twenty_concurrent_confirmations_create_one_administrator() {
    let database = Database::fresh();
    // One connection per request, so that all requests run at the same time.
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
    // The lock stops every request before it commits, until all of them wait.
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; SELECT * FROM audit.head FOR UPDATE")
        .unwrap();
    let statuses = std::thread::scope(|scope| {
        let requests = scope.spawn(|| concurrently(20, |n| post(&app, bodies[n].0, &bodies[n].1).status));
        let waiting = "SELECT count(*)::text AS line FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let start = Instant::now();
        while database.lines(waiting) != ["20"] {
            assert!(
                start.elapsed() < Duration::from_secs(3),
                "{:?} requests wait",
                database.lines(waiting)
            );
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
    let confirmed = post(
        &app,
        "/auth/confirm",
        &link(&database, "confirm", "one@example.org"),
    );
    assert_eq!(confirmed.status, 200);
    assert_eq!(roles(&database), ["user 1"]);
}
