//! Restarts of the database, on dedicated servers that the tests stop.

use crate::support::app::{App, wait_for_status};
use crate::support::database::settings;
use crate::support::own_postgres;
use crate::support::sample_data::{QUERY, small};
use portcullis::types::data_version::LEASE;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A5, B16: Under load, requests are 503 while the database is down, and 200 within three seconds after its restart.
#[test]
fn during_a_database_restart_requests_are_503_and_soon_after_200() {
    let (mut cluster, server) = own_postgres::start_with_data(&small());
    // Shorter than the outage: with the default, requests would wait until the server is back and succeed.
    let app = App::start(&settings(
        server.pairs("portcullis"),
        &[("DATABASE_ACQUIRE_TIMEOUT", "400")],
    ));
    wait_for_status(200, Duration::from_secs(3), || app.get("/health/ready"));
    let (ended, responses) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let start = Instant::now();
    let (stopping, down, up) = std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let sent = start.elapsed();
                    let response = app.get(QUERY);
                    if response.status != 200 {
                        response.problem(503);
                        assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
                    }
                    responses
                        .lock()
                        .unwrap()
                        .push((sent, start.elapsed(), response.status));
                    sleep(Duration::from_millis(2));
                }
            });
        }
        sleep(Duration::from_millis(500));
        let stopping = start.elapsed();
        cluster.stop().unwrap();
        // Until then, answers are reused.
        let down = start.elapsed() + LEASE;
        wait_for_status(503, Duration::from_secs(3), || app.get("/health/ready"));
        assert_eq!(app.get("/health/live").status, 200);
        assert_eq!(
            app.get("/health/startup").status,
            200,
            "startup stays 200 once it was"
        );
        sleep(Duration::from_millis(1_200));
        let resuming = start.elapsed();
        cluster.resume().unwrap();
        let up = start.elapsed();
        wait_for_status(200, Duration::from_secs(3), || app.get("/health/ready"));
        wait_for_status(200, Duration::from_secs(3), || app.get(QUERY));
        sleep((up + Duration::from_secs(4)).saturating_sub(start.elapsed()));
        ended.store(true, Ordering::Relaxed);
        (stopping, (down, resuming), up)
    });
    let responses = responses.into_inner().unwrap();
    let wrong = |from: Duration, to: Duration, good: u16| {
        responses
            .iter()
            .filter(|(sent, received, status)| *sent >= from && *received <= to && *status != good)
            .count()
    };
    let end = Duration::from_secs(3600);
    assert_eq!(wrong(Duration::ZERO, stopping, 200), 0, "before the stop");
    assert_eq!(wrong(down.0, down.1, 503), 0, "while it was down");
    assert_eq!(
        wrong(up + Duration::from_secs(3), end, 200),
        0,
        "three seconds after"
    );
    let late = responses
        .iter()
        .filter(|(sent, _, status)| *sent >= up + Duration::from_secs(3) && *status == 200);
    let refused = responses.iter().filter(|(_, _, status)| *status == 503);
    let counts = (late.count(), refused.count(), responses.len());
    assert!(
        counts.0 > 10 && counts.1 > 10,
        "late, refused, all: {counts:?}; stopping {stopping:?}, down {down:?}, up {up:?}"
    );
}

/// H5: A service that starts before its database becomes ready without a restart.
#[test]
fn a_service_started_before_its_database_becomes_ready() {
    let (mut cluster, server) = own_postgres::start_with_data(&small());
    cluster.stop().unwrap();
    let app = App::start(&settings(server.pairs("portcullis"), &[]));
    app.get("/health/ready").problem(503);
    app.get("/health/startup").problem(503);
    app.get(QUERY).problem(503);
    cluster.resume().unwrap();
    wait_for_status(200, Duration::from_secs(3), || app.get("/health/ready"));
    assert_eq!(app.get("/health/startup").status, 200);
    let response = get_rates_when_available(&app);
    assert_eq!(response["rates"][0]["count"], 3);
}

/// A5: After a quick restart of the database every pooled connection is broken, and no request fails for it.
#[test]
fn a_quick_database_restart_fails_no_request() {
    let (mut cluster, server) = own_postgres::start_with_data(&small());
    let app = App::start(&settings(server.pairs("portcullis"), &[]));
    wait_for_status(200, Duration::from_secs(3), || app.get("/health/ready"));
    (0..20).for_each(|_| assert_eq!(app.get(QUERY).status, 200));
    cluster.stop().unwrap();
    cluster.resume().unwrap();
    for _ in 0..20 {
        let response = app.get(QUERY);
        assert_eq!(response.status, 200, "{response:?}");
    }
}

fn get_rates_when_available(app: &App) -> serde_json::Value {
    wait_for_status(200, Duration::from_secs(3), || app.get(QUERY));
    app.get(QUERY).json()
}
