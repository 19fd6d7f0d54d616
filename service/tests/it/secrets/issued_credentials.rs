//! Database credentials that another program issues, replaces and revokes while the service serves.

use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::issued_logins::Issuer;
use crate::support::load::{Outcome, under_load};
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::sample_data::{QUERY, small};
use crate::support::wait::wait_until_within;
use portcullis::types::role::Role;
use std::time::Duration;

/// Longer than the service takes to read the files again, and to use another login everywhere.
const SWITCH: Duration = Duration::from_secs(40);

/// Replaces all logins again and again under load. `early`: revokes the former ones before there are others.
fn rotate(times: usize, early: bool) -> Outcome {
    let database = Database::with_data(&small());
    let issuer = Issuer::new(&database);
    let app = App::start(&issuer.settings());
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &token, || {
        for generation in 1..=times {
            let former = generation - 1;
            if early {
                issuer.revoke(former);
                // Longer than requests wait for a connection.
                std::thread::sleep(Duration::from_secs(3));
                issuer.issue(generation);
            } else {
                issuer.issue(generation);
                wait_until_within(SWITCH, "the former logins are unused", || {
                    issuer.connections(former) == 0
                });
                issuer.revoke(former);
            }
            wait_until_within(SWITCH, "the new logins are used", || {
                issuer.connections(generation) > 0 && app.get(QUERY).status == 200
            });
        }
    });
    drop(app);
    issuer.revoke(times);
    outcome
}

/// V3: While all logins are replaced and the former ones revoked, no request fails.
#[test]
fn no_request_fails_when_issued_credentials_are_replaced() {
    let outcome = rotate(3, false);
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
}

/// V10: The same measurement finds failed requests if the former logins are revoked too early. With the next ones the
/// service recovers.
#[test]
fn requests_fail_when_issued_credentials_are_revoked_too_early() {
    let outcome = rotate(2, true);
    assert!(outcome.failed() > 0, "{outcome:?}");
    assert!(outcome.bad.keys().all(|status| *status == 503), "{outcome:?}");
}

/// V8: While the password of a login is replaced, no request fails, and new connections use the new one.
#[test]
fn no_request_fails_when_the_password_of_a_login_is_replaced() {
    let database = Database::with_data(&small());
    let issuer = Issuer::new(&database);
    let app = App::start(&issuer.settings());
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let pids = || {
        let of_wishes = "SELECT string_agg(pid::text, ' ' ORDER BY pid) AS line FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'portcullis-wishes'";
        database.lines(of_wishes)
    };
    let outcome = under_load(&app, &token, || {
        for number in 0..2 {
            let before = pids();
            issuer.set_password("wishes", 0, &format!("another-password-{number}"));
            wait_until_within(SWITCH, "other connections are open", || pids() != before);
        }
    });
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
    drop(app);
    issuer.revoke(0);
}

/// V3: Credentials that cannot be read, or do not work, replace none. The log says so once, without their content.
#[test]
fn unusable_credentials_replace_none() {
    let database = Database::with_data(&small());
    let issuer = Issuer::new(&database);
    let process = ServiceProcess::start(&issuer.pairs());
    let app = App::of_process(&process);
    issuer.write("rates", r#"{"username":"r","secret-7f3a":1}"#);
    let line = process.wait_for_line("cannot load the credentials of portcullis-rates");
    assert!(line.contains("each file must contain"), "{line}");
    issuer.write("wishes", r#"{"username":"unknown","password":"secret-7f3a"}"#);
    let line = process.wait_for_line("cannot load the credentials of portcullis-wishes");
    assert!(line.contains("password refused"), "{line}");
    assert_eq!(app.get(QUERY).status, 200);
    issuer.set_password("rates", 0, "a-password-that-works");
    process.wait_for_line("credentials of portcullis-rates loaded");
    let log = process.log();
    let reports = log
        .iter()
        .filter(|line| line.contains("cannot load the credentials"));
    assert_eq!(reports.count(), 2, "{log:?}");
    let attempts = log.iter().filter(|line| line.contains("\"cannot connect\""));
    assert_eq!(attempts.count(), 0, "the same cause again: {log:?}");
    assert!(!log.iter().any(|line| line.contains("7f3a")), "{log:?}");
    process.terminate();
    let _exit = process.wait();
    issuer.revoke(0);
}

/// K1: The service does not start without the credentials that its settings name.
#[test]
fn missing_credentials_end_with_78_and_the_name_of_the_setting() {
    let database = Database::fresh();
    let issuer = Issuer::new(&database);
    for text in [
        None,
        Some(""),
        Some("[]"),
        Some(r#"{"username":"","password":"secret-7f3a"}"#),
    ] {
        match text {
            None => std::fs::remove_file(issuer.folder().join("accounts.json")).unwrap(),
            Some(text) => issuer.write("accounts", text),
        }
        let output = run(&["serve"], &issuer.pairs());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{error}");
        assert!(
            error.contains("PORTCULLIS_DATABASE_CREDENTIALS_FOLDER: "),
            "{error}"
        );
        assert!(!error.contains("7f3a") && error.lines().count() == 1, "{error}");
    }
    issuer.revoke(0);
}
