//! What a signal, and the shutdown that it begins, do to requests.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::{RawConnection, send_request};
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::test_api::TestApi;
use diesel::connection::SimpleConnection;
use portcullis::config::setting_names::SETTINGS;
use portcullis::startup::STOP_LIMIT;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// L6: SIGHUP ends nothing: the service serves on and says what a reload needs.
#[test]
fn sighup_does_not_end_the_service() {
    let serving = ServiceProcess::start(&Database::fresh().pairs());
    serving.wait_for_line("\"ready to serve\"");
    for _ in 0..2 {
        serving.signal("-HUP");
        serving.wait_for_line("SIGHUP");
    }
    assert_eq!(App::of_process(&serving).get("/health/live").status, 200);
    serving.terminate();
    assert_eq!(serving.wait().0, Some(0));
}

/// L6: On SIGTERM the service finishes running requests, accepts no new connections, and exits with 0.
#[test]
fn sigterm_finishes_the_running_request() {
    let database = Database::with_data(&small());
    let serving = ServiceProcess::start(&database.pairs());
    let mut held = database.admin();
    held.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let mut running = RawConnection::connect(serving.address);
    running.send(format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let mut idle = RawConnection::connect(serving.address);
    idle.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(idle.read_response().unwrap().status, 200);
    sleep(Duration::from_millis(300));
    serving.terminate();
    serving.wait_for_line("\"stopping\"");
    let start = Instant::now();
    while TcpStream::connect(serving.address).is_ok() {
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "new connections are still accepted"
        );
        sleep(Duration::from_millis(20));
    }
    held.batch_execute("COMMIT").unwrap();
    let response = running.read_response().unwrap();
    assert_eq!(
        (response.status, &response.json()["rates"][0]["count"]),
        (200, &3.into())
    );
    assert!(running.wait_until_closed() < Duration::from_secs(2));
    idle.wait_until_closed();
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(
        log.last().is_some_and(|line| line.contains("\"stopped\"")),
        "{log:#?}"
    );
}

/// L6: After SIGTERM the service reports that it is not ready and goes on accepting requests for the shutdown delay; then the
/// public listener closes, and the internal one last.
#[test]
fn readiness_fails_before_the_listener_closes() {
    let database = Database::with_data(&small());
    let mut pairs = database.pairs();
    pairs.push(("SHUTDOWN_DELAY".to_owned(), "2".to_owned()));
    // The last request has to wait for the database.
    pairs.push(("RATES_CACHE_SIZE".to_owned(), "0".to_owned()));
    let serving = ServiceProcess::start(&pairs);
    let app = App::of_process(&serving);
    assert_eq!(app.get("/health/ready").status, 200);
    serving.terminate();
    let start = Instant::now();
    serving.wait_for_line("\"stopping\"");
    let mut served = 0;
    while start.elapsed() < Duration::from_millis(1_500) {
        assert_eq!(
            app.get("/health/ready").problem(503)["type"],
            "urn:portcullis:problem:stopping"
        );
        assert_eq!(app.get_internal("/health/ready").status, 503);
        assert_eq!(
            (app.get(QUERY).status, app.get("/health/live").status),
            (200, 200)
        );
        served += 1;
    }
    assert!(served > 0);
    // A request that outlasts the delay keeps the process, and with it the internal listener.
    let mut held = database.admin();
    held.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let mut running = RawConnection::connect(serving.address);
    running.send(format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    while TcpStream::connect(serving.address).is_ok() {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "new connections are still accepted"
        );
        sleep(Duration::from_millis(20));
    }
    assert_eq!(app.get_internal("/health/live").status, 200);
    assert_eq!(app.get_internal("/health/ready").status, 503);
    assert_eq!(app.get_internal("/metrics").status, 200);
    held.batch_execute("COMMIT").unwrap();
    assert_eq!(running.read_response().unwrap().status, 200);
    assert_eq!(serving.wait().0, Some(0));
}

/// L6: A service that shuts down answers requests in flight.
#[test]
fn shutdown_answers_requests_in_flight() {
    let settings = Database::not_created().settings(&[]);
    let mut app = App::start_with(&settings, |apis| (apis, TestApi::default()));
    let address = app.address;
    let running = std::thread::spawn(move || {
        send_request(address, "GET /extra/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    });
    sleep(Duration::from_millis(150));
    app.request_stop();
    let response = running.join().unwrap();
    assert_eq!((response.status, response.text()), (200, "done"));
    app.stop();
    assert!(TcpStream::connect(address).is_err());
}

/// L6: Shutdown waits for a request no longer than the configured grace period.
#[test]
fn the_shutdown_grace_is_a_setting() {
    let database = Database::with_data(&small());
    let mut held = database.admin();
    held.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let app = App::start(&database.settings(&[("SHUTDOWN_GRACE", "1")]));
    let mut running = RawConnection::connect(app.address);
    running.send(format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    sleep(Duration::from_millis(150));
    let start = Instant::now();
    app.stop();
    let took = start.elapsed();
    assert!(
        (Duration::from_millis(800)..Duration::from_secs(4)).contains(&took),
        "{took:?}"
    );
}

/// L1, L6: The engine of the compose stack, whose replicas have the default settings, kills them later than they end by themselves.
#[test]
fn the_engine_waits_for_the_shutdown() {
    let file = include_str!("../../../compose/compose.yaml");
    assert!(!file.contains("SHUTDOWN_"));
    let replica = file.split("\nx-replica:").nth(1).unwrap();
    let limit = replica
        .lines()
        .find_map(|line| line.strip_prefix("  stop_grace_period: "));
    let limit = limit.unwrap().strip_suffix('s').unwrap().parse().unwrap();
    let defaults = default_seconds("SHUTDOWN_DELAY") + default_seconds("SHUTDOWN_GRACE");
    assert!(Duration::from_secs(limit) >= defaults + STOP_LIMIT);
}

fn default_seconds(name: &str) -> Duration {
    let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
    Duration::from_secs(setting.default.unwrap().parse().unwrap())
}

/// L6: Connections that wait because there are as many as permitted cannot make a shutdown outlast the grace period.
#[test]
fn waiting_connections_do_not_prolong_the_shutdown() {
    let database = Database::with_data(&small());
    let mut held = database.admin();
    held.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let settings = database.settings(&[
        ("MAX_CONNECTIONS", "1"),
        ("SHUTDOWN_GRACE", "1"),
        ("DATABASE_STATEMENT_TIMEOUT", "60000"),
    ]);
    let app = App::start(&settings);
    let mut running = RawConnection::connect(app.address);
    running.send(format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    sleep(Duration::from_millis(150));
    let waiting: Vec<_> = (0..4).map(|_| RawConnection::connect(app.address)).collect();
    let start = Instant::now();
    app.stop();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    drop(waiting);
}

/// L6: The process ends within the grace and `STOP_LIMIT` although the database does not answer.
#[test]
fn a_frozen_database_cannot_keep_the_process() {
    let database = Database::with_data(&small());
    let proxy = TcpProxy::to(&database.server);
    let mut pairs = database.pairs();
    pairs.extend(
        proxy
            .settings()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    pairs.push(("SHUTDOWN_GRACE".to_owned(), "1".to_owned()));
    let serving = ServiceProcess::start(&pairs);
    serving.wait_for_line("\"ready to serve\"");
    let app = App::of_process(&serving);
    assert_eq!(app.get(QUERY).status, 200);
    proxy.freeze();
    let start = Instant::now();
    serving.terminate();
    assert_eq!(serving.wait().0, Some(0));
    let limit = Duration::from_secs(1) + STOP_LIMIT;
    assert!(start.elapsed() < limit, "{:?}", start.elapsed());
}
