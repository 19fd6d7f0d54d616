//! Health checks with a database that is available, rejects the login, or does not exist.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::metric::metric;
use std::time::{Duration, Instant};

/// A5: With a database, liveness, readiness and startup are 200.
#[test]
fn with_a_database_every_health_check_is_200() {
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
}

/// A5: A schema that the service may not read is not reported as an older one.
#[test]
fn a_refused_query_is_no_older_schema() {
    let database = Database::fresh();
    database.execute("REVOKE SELECT ON portcullis.__diesel_schema_migrations FROM portcullis_rates_reader");
    let app = App::over(&database);
    let problem = app.get("/health/ready").problem(503);
    assert_eq!(problem["type"], "urn:portcullis:problem:database-unavailable");
    database.execute("GRANT SELECT ON portcullis.__diesel_schema_migrations TO portcullis_rates_reader");
    assert_eq!(app.get("/health/ready").status, 200);
}

/// A5: The internal listener answers the same probes, and a metric has the last result of readiness.
#[test]
fn the_internal_listener_answers_every_probe() {
    let database = Database::fresh();
    let app = App::over(&database);
    for path in ["/health/live", "/health/ready", "/health/startup"] {
        let response = app.get_internal(path);
        assert_eq!((response.status, response.text()), (200, "ok\n"), "{path}");
    }
    assert!(metric(&app, "health_ready", &[]) > 0.0);
    let app = App::over(&Database::not_created());
    for (path, status) in [
        ("/health/live", 200),
        ("/health/ready", 503),
        ("/health/startup", 503),
    ] {
        assert_eq!(app.get_internal(path).status, status, "{path}");
    }
    assert!(metric(&app, "health_ready", &[]) <= 0.0);
}

/// A5: Without a database, readiness and startup are 503 within three seconds with the default settings; liveness is 200.
#[test]
fn without_a_database_only_liveness_is_200() {
    let app = App::over(&Database::not_created());
    for path in ["/health/ready", "/health/startup", "/health/ready"] {
        let start = Instant::now();
        let problem = app.get(path).problem(503);
        assert_eq!(problem["type"], "urn:portcullis:problem:database-unavailable");
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{path}: {:?}",
            start.elapsed()
        );
    }
    assert_eq!(app.get("/health/live").status, 200);
    assert_eq!(app.get("/").status, 200);
}

/// A5: With a rejected database password readiness is 503, and neither its body nor the metrics show the password.
#[test]
fn a_rejected_database_login_is_not_ready() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[
        ("DATABASE_RATES_PASSWORD", "wrong-7f3a"),
        ("DATABASE_ACQUIRE_TIMEOUT", "300"),
    ]));
    let response = app.get("/health/ready");
    response.problem(503);
    assert!(!response.text().contains("g-7f3a") && !app.get_internal("/metrics").text().contains("g-7f3a"));
}
