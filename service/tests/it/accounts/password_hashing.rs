//! How passwords are kept.
use crate::support::accounts::{PASSWORD, create_account, log_in, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::outbox::wait_until;
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";

fn kept(database: &Database) -> String {
    database
        .lines("SELECT password_hash AS line FROM accounts.credentials")
        .remove(0)
}

fn changed_at(database: &Database) -> Vec<String> {
    database.lines("SELECT password_changed_at::text AS line FROM accounts.credentials")
}

/// E16: as it stands in the database.
#[test]
fn a_password_is_kept_as_argon2id() {
    let database = Database::fresh();
    let app = App::over(&database);
    let body = serde_json::json!({ "name": "Ann", "email": ANN, "password": "a quiet mountain lake" });
    let registered = crate::support::accounts::post(&app, "/auth/register", &body);
    assert_eq!(registered.status, 202, "{registered:?}");
    let hash = kept(&database);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let parts: Vec<&str> = hash.split('$').collect();
    assert_eq!(
        (parts.len(), parts[4].len(), parts[5].len()),
        (6, 22, 43),
        "16 bytes of salt, 32 of hash"
    );
}

/// E16: when the settings ask for more, the next log-in makes a new hash of the same password; a wrong one makes none.
#[test]
fn a_log_in_makes_a_cheap_hash_anew() {
    for (setting, value, parameters) in [
        ("HASH_ITERATIONS", "3", "$argon2id$v=19$m=19456,t=3,p=1$"),
        ("HASH_MEMORY", "24000", "$argon2id$v=19$m=24000,t=2,p=1$"),
    ] {
        let database = Database::fresh();
        create_account(&database, ANN, Role::User);
        let old = kept(&database);
        let when = changed_at(&database);
        let app = App::start(&database.settings(&[(setting, value)]));
        try_log_in(&app, ANN, "wrong").problem(401);
        assert_eq!(kept(&database), old);
        log_in(&app, ANN);
        let new = kept(&database);
        assert!(new.starts_with(parameters), "{new}");
        assert_eq!(changed_at(&database), when, "it is the same password");
        log_in(&app, ANN);
        assert_eq!(kept(&database), new, "once is enough");
        drop(app);
        let app = App::over(&database);
        log_in(&app, ANN);
        assert_eq!(kept(&database), new, "what is better than asked for stays");
    }
}

/// E16: of two log-ins at once, and of a change of the password meanwhile, nothing is lost.
#[test]
fn making_anew_takes_nobodys_new_password_back() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_ITERATIONS", "3")]));
    let statuses = crate::support::concurrently::concurrently(4, |_| try_log_in(&app, ANN, PASSWORD).status);
    assert_eq!(statuses, [200; 4]);
    log_in(&app, ANN);
}

/// E5: passwords are taken as they are: every byte counts, none is cut off, no spelling is as good as another.
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
    let too_long = try_log_in(&app, ANN, &"x".repeat(1_025));
    assert_eq!(too_long.fields(400), ["body:password"]);
    log_in(&app, ANN);
}

/// E17: whoever finds the queue full is told so at once, and the try is not held against them.
#[test]
fn a_full_queue_is_503_and_counts_nothing() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "1")]));
    let responses = crate::support::concurrently::concurrently(30, |number| {
        try_log_in(&app, &format!("nobody{number}@example.org"), "wrong")
    });
    let busy: Vec<_> = responses
        .iter()
        .filter(|response| response.status == 503)
        .collect();
    assert!(!busy.is_empty() && busy.len() < 30, "{}", busy.len());
    for response in busy {
        response.problem(503);
        assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    let refused = responses.iter().filter(|response| response.status == 401).count();
    let counted = "SELECT sum(count)::text AS line FROM sessions.throttles WHERE key LIKE 'network:%'";
    assert_eq!(database.lines(counted), [refused.to_string()]);
    log_in(&app, ANN);
}

/// E17: room comes before all else: a crowd that finds none costs the database nothing.
#[test]
fn nothing_is_looked_up_for_whom_there_is_no_room() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "1")]));
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; LOCK sessions.throttles IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    std::thread::scope(|scope| {
        let two: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| try_log_in(&app, ANN, PASSWORD).status))
            .collect();
        let waiting = "SELECT count(*)::text AS line FROM pg_locks WHERE NOT granted
                       AND relation = 'sessions.throttles'::regclass";
        wait_until("both are looked up", || database.lines(waiting) == ["2"]);
        let third = try_log_in(&app, ANN, PASSWORD);
        assert_eq!(
            third.problem(503)["detail"],
            "too many passwords wait to be checked"
        );
        assert_eq!(database.lines(waiting), ["2"]);
        holder.batch_execute("ROLLBACK").unwrap();
        for one in two {
            // Whoever waited for the lock too long on a busy machine is told so.
            assert!([200, 503].contains(&one.join().unwrap()));
        }
    });
    log_in(&app, ANN);
}
