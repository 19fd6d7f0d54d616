//! An unresponsive database that keeps its connections open: requests end, and the service recovers.

use crate::support::app::{App, wait_for_status};
use crate::support::database::Database;
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use portcullis::types::data_version::LEASE;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A5: While the database does not respond, requests end with 503 and readiness is 503 within 3 s; afterwards the service
/// recovers.
#[test]
fn an_unresponsive_database_does_not_hang_requests() {
    let database = Database::with_data(&small());
    let relay = TcpProxy::to(&database.server);
    let app = App::start(&database.settings(&relay.short_timeout_settings()));
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    assert_eq!(app.get(QUERY).status, 200);
    relay.freeze();
    // Until then, answers are reused.
    sleep(LEASE);
    for path in [QUERY, "/ports", QUERY, "/regions", QUERY, QUERY] {
        let start = Instant::now();
        let response = app.get(path);
        response.problem(503);
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{path}: {:?}",
            start.elapsed()
        );
    }
    let start = Instant::now();
    assert_eq!(app.get("/health/ready").status, 503);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(app.get("/health/live").status, 200);
    relay.thaw();
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    assert_eq!(app.get(QUERY).status, 200);
}
