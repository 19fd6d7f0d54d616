//! Live, ready, startup, with a database that is there, wrong, or never was.
use crate::support::app::App;
use crate::support::database::Database;
use std::time::{Duration, Instant};

/// A5
#[test]
fn with_a_database_all_three_say_ok() {
    let database = Database::fresh();
    let app = App::over(&database);
    for path in ["/health/live", "/health/ready", "/health/startup"] {
        let response = app.get(path);
        assert_eq!(
            (response.status, response.text()),
            (200, r#"{"status":"ok"}"#),
            "{path}"
        );
        assert!(response.header("cache-control").contains("no-store"));
    }
    assert_eq!(app.get_internal("/health/live").status, 200);
}

/// A5: within three seconds, with the settings as they are delivered.
#[test]
fn without_a_database_only_live_says_ok() {
    let app = App::over(&Database::unmade());
    for path in ["/health/ready", "/health/startup", "/health/ready"] {
        let begun = Instant::now();
        let problem = app.get(path).problem(503);
        assert_eq!(problem["type"], "urn:portcullis:problem:database-away");
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{path}: {:?}",
            begun.elapsed()
        );
    }
    assert_eq!(app.get("/health/live").status, 200);
    assert_eq!(app.get("/").status, 200);
}

/// A5: a login that is refused is a database that is away; the password is told nowhere.
#[test]
fn a_refused_login_is_not_ready() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[
        ("DATABASE_RATES_PASSWORD", "wrong-7f3a"),
        ("DATABASE_ACQUIRE_TIMEOUT", "300"),
    ]));
    let response = app.get("/health/ready");
    response.problem(503);
    assert!(!response.text().contains("g-7f3a") && !app.get_internal("/metrics").text().contains("g-7f3a"));
}
