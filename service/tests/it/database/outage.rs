//! The database goes away and comes back: on servers of these tests' own, which they may stop.
use crate::support::app::{App, wait_for};
use crate::support::database::settings;
use crate::support::own_postgres;
use crate::support::sample_data::{QUERY, small};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A5, B16: under load. While the server is down there are only 503; within three seconds after, only 200.
#[test]
fn a_restart_under_load_is_503_while_it_lasts_and_200_soon_after() {
    let (mut cluster, server) = own_postgres::with(&small());
    // The wait is shorter than the outage: with the default, requests would sit out a short one and all be answered.
    let app = App::start(&settings(
        server.pairs("portcullis"),
        &[("DATABASE_ACQUIRE_TIMEOUT", "400")],
    ));
    wait_for(200, Duration::from_secs(3), || app.get("/health/ready"));
    let (ended, responses) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let (stopping, down, up) = std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let asked = begun.elapsed();
                    let response = app.get(QUERY);
                    if response.status != 200 {
                        response.problem(503);
                        assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
                    }
                    responses
                        .lock()
                        .unwrap()
                        .push((asked, begun.elapsed(), response.status));
                    sleep(Duration::from_millis(2));
                }
            });
        }
        sleep(Duration::from_millis(500));
        let stopping = begun.elapsed();
        cluster.stop().unwrap();
        let down = begun.elapsed();
        wait_for(503, Duration::from_secs(3), || app.get("/health/ready"));
        assert_eq!(app.get("/health/live").status, 200);
        assert_eq!(app.get("/health/startup").status, 200, "it has started once");
        sleep(Duration::from_millis(1_200));
        let resuming = begun.elapsed();
        cluster.resume().unwrap();
        let up = begun.elapsed();
        wait_for(200, Duration::from_secs(3), || app.get("/health/ready"));
        wait_for(200, Duration::from_secs(3), || app.get(QUERY));
        sleep((up + Duration::from_secs(4)).saturating_sub(begun.elapsed()));
        ended.store(true, Ordering::Relaxed);
        (stopping, (down, resuming), up)
    });
    let responses = responses.into_inner().unwrap();
    let wrong = |from: Duration, to: Duration, good: u16| {
        responses
            .iter()
            .filter(|(asked, told, status)| *asked >= from && *told <= to && *status != good)
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
        .filter(|(asked, _, status)| *asked >= up + Duration::from_secs(3) && *status == 200);
    let refused = responses.iter().filter(|(_, _, status)| *status == 503);
    let counts = (late.count(), refused.count(), responses.len());
    assert!(
        counts.0 > 10 && counts.1 > 10,
        "late, refused, all: {counts:?}; stopping {stopping:?}, down {down:?}, up {up:?}"
    );
}

/// H5: no restart of the service is needed.
#[test]
fn a_service_that_started_first_becomes_ready_by_itself() {
    let (mut cluster, server) = own_postgres::with(&small());
    cluster.stop().unwrap();
    let app = App::start(&settings(server.pairs("portcullis"), &[]));
    app.get("/health/ready").problem(503);
    app.get("/health/startup").problem(503);
    app.get(QUERY).problem(503);
    cluster.resume().unwrap();
    wait_for(200, Duration::from_secs(3), || app.get("/health/ready"));
    assert_eq!(app.get("/health/startup").status, 200);
    let response = wait_and_get(&app);
    assert_eq!(response["rates"][0]["count"], 3);
}

/// A5: the connections that the pool held are all dead, and no request pays for finding that out with a failure.
#[test]
fn a_quick_restart_that_nobody_noticed_costs_no_request() {
    let (mut cluster, server) = own_postgres::with(&small());
    let app = App::start(&settings(server.pairs("portcullis"), &[]));
    wait_for(200, Duration::from_secs(3), || app.get("/health/ready"));
    (0..20).for_each(|_| assert_eq!(app.get(QUERY).status, 200));
    cluster.stop().unwrap();
    cluster.resume().unwrap();
    for _ in 0..20 {
        let response = app.get(QUERY);
        assert_eq!(response.status, 200, "{response:?}");
    }
}

fn wait_and_get(app: &App) -> serde_json::Value {
    wait_for(200, Duration::from_secs(3), || app.get(QUERY));
    app.get(QUERY).json()
}
