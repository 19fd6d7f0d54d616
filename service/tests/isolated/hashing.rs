//! Password hashing under load: memory, latency of other requests, and abandoned logins.

use crate::exclusive;
use crate::support::accounts::{PASSWORD, create_account};
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::{self, RawConnection};
use crate::support::sample_data::{QUERY, small};
use portcullis::types::role::Role;
use reqwest::blocking::Client;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Concurrent logins.
const CONCURRENT_LOGINS: usize = 200;

/// Memory in KiB that the service may need besides one password hash: connections, requests, statements.
const MAX_OVERHEAD_KIB: u64 = 40_000;

/// The parts of a login's response that the tests compare.
struct LogInOutcome {
    status: u16,
    retry_after: Option<u32>,
}

/// A client with its own loopback address, so that the throttle of one client's network does not delay another.
fn client_from(number: usize) -> Client {
    let number = u8::try_from(number).unwrap();
    Client::builder()
        .no_proxy()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 7, number)))
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn log_in(client: &Client, serving: &ServiceProcess, number: usize, password: &str) -> LogInOutcome {
    let body = json!({ "email": format!("person{number}@example.org"), "password": password });
    let response = client
        .post(format!("http://{}/auth/login", serving.address))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .unwrap();
    let retry_after = response.headers().get("retry-after");
    LogInOutcome {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
    }
}

/// The 99th percentile latency of `/rates`, over at least `min_requests` requests and for as long as `keep_going` holds.
fn rates_p99(serving: &ServiceProcess, min_requests: usize, keep_going: impl Fn() -> bool) -> Duration {
    let mut times = Vec::new();
    while times.len() < min_requests || keep_going() {
        let start = Instant::now();
        let response = raw_connection::send_request(
            serving.address,
            format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        );
        assert_eq!(response.status, 200);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// E17: Of 200 concurrent logins some succeed and the excess gets 503 with `Retry-After`. Memory grows by one hash per
/// hashing thread, and the latency of `/rates` stays bounded meanwhile.
#[test]
fn concurrent_logins_do_not_exhaust_memory_or_delay_rates() {
    let _exclusive = exclusive();
    let database = Database::with_data(&small());
    for number in 0..CONCURRENT_LOGINS {
        create_account(&database, &format!("person{number}@example.org"), Role::User);
    }
    let serving = ServiceProcess::start(&database.pairs());
    let clients: Vec<Client> = (0..CONCURRENT_LOGINS).map(client_from).collect();
    log_in(&clients[0], &serving, 0, PASSWORD);
    let before = rates_p99(&serving, 300, || false);
    let memory = serving.peak_memory();
    let ended = AtomicBool::new(false);
    let (outcomes, during) = std::thread::scope(|scope| {
        let logins = scope.spawn(|| {
            let rounds = (0..3).flat_map(|round| {
                concurrently(CONCURRENT_LOGINS, |number| {
                    let password = if round == 1 { "wrong" } else { PASSWORD };
                    log_in(&clients[number], &serving, number, password)
                })
            });
            let outcomes: Vec<LogInOutcome> = rounds.collect();
            ended.store(true, Ordering::Relaxed);
            outcomes
        });
        let during = rates_p99(&serving, 300, || !ended.load(Ordering::Relaxed));
        (logins.join().unwrap(), during)
    });
    let grown = serving.peak_memory() - memory;
    let count = |status: u16| outcomes.iter().filter(|outcome| outcome.status == status).count();
    println!(
        "of {}: {} succeeded, {} rejected, {} overloaded; memory + {grown} KiB; p99 of rates {before:?}, then {during:?}",
        outcomes.len(),
        count(200),
        count(401),
        count(503)
    );
    assert_eq!(count(200) + count(401) + count(503), outcomes.len());
    // How many are hashed before they waited too long depends on the load of the machine.
    assert!(count(200) > 0 && count(401) > 0 && count(503) >= 50);
    for outcome in outcomes.iter().filter(|outcome| outcome.status == 503) {
        assert!(outcome.retry_after.is_some_and(|seconds| seconds >= 1));
    }
    assert!(grown < 19_456 + MAX_OVERHEAD_KIB, "{grown} KiB more");
    // The clients themselves need CPU time. Unbounded hashing would take all of it for seconds.
    let max_p99 = before * 3 + Duration::from_millis(100);
    assert!(during < max_p99, "{before:?} before, {during:?} meanwhile");
    assert_eq!(log_in(&clients[7], &serving, 7, PASSWORD).status, 200);
}

/// E17: The password of a client that has disconnected is not hashed.
#[test]
fn passwords_of_disconnected_clients_are_not_hashed() {
    let _exclusive = exclusive();
    let database = Database::fresh();
    let serving = ServiceProcess::start(&database.pairs());
    let body = json!({ "email": "ann@example.org", "password": "wrong" }).to_string();
    let request = format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..60 {
        database.execute("DELETE FROM sessions.throttles");
        let mut raw = RawConnection::connect(serving.address);
        raw.send(&request);
        std::thread::sleep(Duration::from_millis(2));
    }
    create_account(&database, "bob@example.org", Role::User);
    let start = Instant::now();
    let client = client_from(1);
    let body = json!({ "email": "bob@example.org", "password": PASSWORD });
    let response = client
        .post(format!("http://{}/auth/login", serving.address))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .unwrap();
    assert_eq!(response.status(), 200);
    println!("logged in after {:?}", start.elapsed());
    let refused = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.refused'";
    let verified: usize = database.lines(refused)[0].parse().unwrap();
    assert!(verified < 60, "all {verified} were verified");
}
