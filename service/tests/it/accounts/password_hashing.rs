//! How passwords are hashed and stored.

use crate::support::accounts::{PASSWORD, create_account, log_in, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use std::time::Duration;

const ANN: &str = "ann@example.org";

fn stored_hash(database: &Database) -> String {
    database
        .lines("SELECT password_hash AS line FROM accounts.credentials")
        .remove(0)
}

fn changed_at(database: &Database) -> Vec<String> {
    database.lines("SELECT password_changed_at::text AS line FROM accounts.credentials")
}

/// E16: A password is stored as an argon2id hash with the default parameters.
#[test]
fn a_password_is_stored_as_argon2id() {
    let database = Database::fresh();
    let app = App::over(&database);
    let body = serde_json::json!({ "name": "Ann", "email": ANN, "password": "a quiet mountain lake" });
    let registered = crate::support::accounts::post(&app, "/auth/register", &body);
    assert_eq!(registered.status, 202, "{registered:?}");
    let hash = stored_hash(&database);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let parts: Vec<&str> = hash.split('$').collect();
    assert_eq!(
        (parts.len(), parts[4].len(), parts[5].len()),
        (6, 22, 43),
        "16 bytes of salt, 32 of hash"
    );
}

/// E16: After the settings require more work, the next successful login rehashes the password, and a failed one does not.
#[test]
fn a_login_rehashes_a_cheap_hash() {
    for (setting, value, parameters) in [
        ("HASH_ITERATIONS", "3", "$argon2id$v=19$m=19456,t=3,p=1$"),
        ("HASH_MEMORY", "24000", "$argon2id$v=19$m=24000,t=2,p=1$"),
    ] {
        let database = Database::fresh();
        create_account(&database, ANN, Role::User);
        let old = stored_hash(&database);
        let when = changed_at(&database);
        let app = App::start(&database.settings(&[(setting, value)]));
        try_log_in(&app, ANN, "wrong").problem(401);
        assert_eq!(stored_hash(&database), old);
        log_in(&app, ANN);
        let new = stored_hash(&database);
        assert!(new.starts_with(parameters), "{new}");
        assert_eq!(changed_at(&database), when, "the password did not change");
        log_in(&app, ANN);
        assert_eq!(stored_hash(&database), new, "a second login does not rehash");
        drop(app);
        let app = App::over(&database);
        log_in(&app, ANN);
        assert_eq!(stored_hash(&database), new, "a stronger hash is not replaced");
    }
}

/// E16: Concurrent logins that rehash the password all succeed, and the password still works.
#[test]
fn concurrent_rehashing_loses_nothing() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_ITERATIONS", "3")]));
    let statuses = crate::support::concurrently::concurrently(4, |_| try_log_in(&app, ANN, PASSWORD).status);
    assert_eq!(statuses, [200; 4]);
    log_in(&app, ANN);
}

/// E15: The longest password is accepted in every normalisation form, which may have three times as many bytes.
#[test]
fn the_longest_password_works_in_every_normalisation_form() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let composed = "한".repeat(128);
    let decomposed = "\u{1112}\u{1161}\u{11ab}".repeat(128);
    let token = log_in(&app, ANN).access;
    let body = serde_json::json!({ "current_password": PASSWORD, "new_password": composed });
    let changed = crate::support::accounts::call_as(&app, &token, "PUT", "/auth/me", &body);
    assert_eq!(changed.status, 200, "{changed:?}");
    for password in [&composed, &decomposed] {
        assert_eq!(try_log_in(&app, ANN, password).status, 200);
        let basic = app.request("POST", "/login").basic_auth(ANN, Some(password));
        assert_eq!(crate::support::app::send(basic).status, 200);
    }
    try_log_in(&app, ANN, &"한".repeat(700)).fields(400);
}

/// E5: Passwords are compared byte by byte: without truncation, trimming or folding of case. Only the encoding of the same
/// characters makes no difference (E15).
#[test]
fn passwords_are_compared_byte_by_byte() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let long = format!("{PASSWORD}{}", "x".repeat(900));
    for wrong in [
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        PASSWORD.to_uppercase(),
        PASSWORD.replace('🚲', ""),
        format!("{PASSWORD}\0"),
        long,
    ] {
        try_log_in(&app, ANN, &wrong).problem(401);
        database.execute("DELETE FROM sessions.throttles");
    }
    let too_long = try_log_in(&app, ANN, &"x".repeat(2049));
    assert_eq!(too_long.fields(400), ["body:password"]);
    log_in(&app, ANN);
}

/// E17: When the hashing queue is full, a login gets 503 at once and does not count as a failed attempt.
#[test]
fn a_full_queue_is_503_and_counts_no_attempt() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "1")]));
    let responses = crate::support::concurrently::concurrently(30, |number| {
        try_log_in(&app, &format!("nobody{number}@example.org"), "wrong")
    });
    let overloaded: Vec<_> = responses
        .iter()
        .filter(|response| response.status == 503)
        .collect();
    assert!(
        !overloaded.is_empty() && overloaded.len() < 30,
        "{}",
        overloaded.len()
    );
    for response in overloaded {
        response.problem(503);
        assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    let rejected = responses.iter().filter(|response| response.status == 401).count();
    let counted = "SELECT sum(count)::text AS line FROM sessions.throttles WHERE key LIKE 'network:%'";
    assert_eq!(database.lines(counted), [rejected.to_string()]);
    log_in(&app, ANN);
}

/// E17: A login without a hashing permit causes no database query.
#[test]
fn a_login_without_a_hashing_permit_makes_no_query() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "1")]));
    // On a busy machine the waits for the lock may time out before the third login arrives.
    assert!(
        (0..5).any(|_| is_rejected_beside_two_waiting_logins(&database, &app)),
        "no login was rejected at once"
    );
    log_in(&app, ANN);
}

fn is_rejected_beside_two_waiting_logins(database: &Database, app: &App) -> bool {
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; LOCK sessions.throttles IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let waiting = || {
        database.lines(
            "SELECT count(*)::text AS line FROM pg_locks WHERE NOT granted
             AND relation = 'sessions.throttles'::regclass",
        )
    };
    std::thread::scope(|scope| {
        let logins: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| try_log_in(app, ANN, PASSWORD).status))
            .collect();
        let mut both = false;
        for _ in 0..100 {
            both = waiting() == ["2"];
            if both || logins.iter().all(|login| login.is_finished()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let third = try_log_in(app, ANN, PASSWORD);
        let rejected = third.status == 503
            && third.json()["detail"] == "too many passwords are waiting to be verified"
            && waiting() == ["2"];
        holder.batch_execute("ROLLBACK").unwrap();
        for login in logins {
            assert!([200, 503].contains(&login.join().unwrap()));
        }
        both && rejected
    })
}
