//! Hashing passwords cannot sink the service.
use crate::alone;
use crate::support::accounts::{PASSWORD, account};
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

/// Log-ins at the same time.
const CROWD: usize = 200;

/// What a service may need beside the memory of one hash at a time, in KiB: connections, requests, statements.
const BESIDE: u64 = 40_000;

/// What came of a log-in.
struct Told {
    status: u16,
    retry_after: Option<u32>,
}

/// A log-in from a network of its own, so that nobody is held up for another's guesses.
fn client(number: usize) -> Client {
    let number = u8::try_from(number).unwrap();
    Client::builder()
        .no_proxy()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 7, number)))
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn log_in(client: &Client, serving: &ServiceProcess, number: usize, password: &str) -> Told {
    let body = json!({ "email": format!("person{number}@example.org"), "password": password });
    let response = client
        .post(format!("http://{}/auth/login", serving.address))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .unwrap();
    let retry_after = response.headers().get("retry-after");
    Told {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
    }
}

/// How long 99 of 100 requests for rates take at the most, as long as they are asked for.
fn rates_p99(serving: &ServiceProcess, least: usize, goes_on: impl Fn() -> bool) -> Duration {
    let mut times = Vec::new();
    while times.len() < least || goes_on() {
        let begun = Instant::now();
        let response = raw_connection::ask(
            serving.address,
            format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        );
        assert_eq!(response.status, 200);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// E17: 200 at once. Some are let in, the excess is told to come back; memory stays where it was but for one hash a thread;
/// rates are answered all the while.
#[test]
fn two_hundred_log_ins_at_once_sink_nothing() {
    let _alone = alone();
    let database = Database::with(&small());
    for number in 0..CROWD {
        account(&database, &format!("person{number}@example.org"), Role::User);
    }
    let serving = ServiceProcess::start(&database.pairs());
    let clients: Vec<Client> = (0..CROWD).map(client).collect();
    log_in(&clients[0], &serving, 0, PASSWORD);
    let before = rates_p99(&serving, 300, || false);
    let memory = serving.peak_memory();
    let ended = AtomicBool::new(false);
    let (told, during) = std::thread::scope(|scope| {
        let crowd = scope.spawn(|| {
            let rounds = (0..3).flat_map(|round| {
                concurrently(CROWD, |number| {
                    let password = if round == 1 { "wrong" } else { PASSWORD };
                    log_in(&clients[number], &serving, number, password)
                })
            });
            let told: Vec<Told> = rounds.collect();
            ended.store(true, Ordering::Relaxed);
            told
        });
        let during = rates_p99(&serving, 300, || !ended.load(Ordering::Relaxed));
        (crowd.join().unwrap(), during)
    });
    let grown = serving.peak_memory() - memory;
    let count = |status: u16| told.iter().filter(|told| told.status == status).count();
    println!(
        "of {}: {} in, {} refused, {} turned away; memory + {grown} KiB; p99 of rates {before:?}, then {during:?}",
        told.len(),
        count(200),
        count(401),
        count(503)
    );
    assert_eq!(count(200) + count(401) + count(503), told.len());
    assert!(count(200) >= 100 && count(401) >= 50 && count(503) >= 50);
    for told in told.iter().filter(|told| told.status == 503) {
        assert!(told.retry_after.is_some_and(|seconds| seconds >= 1));
    }
    assert!(grown < 19_456 + BESIDE, "{grown} KiB more");
    // The crowd itself takes its share of the machine. Hashing without bounds would take all of it, for seconds.
    let unharmed = before * 3 + Duration::from_millis(100);
    assert!(during < unharmed, "{before:?} before, {during:?} meanwhile");
    assert_eq!(log_in(&clients[7], &serving, 7, PASSWORD).status, 200);
}

/// E17: whoever hangs up is not hashed for.
#[test]
fn passwords_of_those_who_left_are_not_hashed() {
    let _alone = alone();
    let database = Database::fresh();
    let serving = ServiceProcess::start(&database.pairs());
    let body = json!({ "email": "ann@example.org", "password": "wrong" }).to_string();
    let request = format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..60 {
        database.execute("DELETE FROM sessions.throttles");
        let mut raw = RawConnection::to(serving.address);
        raw.send(&request);
        std::thread::sleep(Duration::from_millis(2));
    }
    account(&database, "bob@example.org", Role::User);
    let begun = Instant::now();
    let client = client(1);
    let body = json!({ "email": "bob@example.org", "password": PASSWORD });
    let response = client
        .post(format!("http://{}/auth/login", serving.address))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .unwrap();
    assert_eq!(response.status(), 200);
    println!("let in after {:?}", begun.elapsed());
    let refused = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.refused'";
    let looked_at: usize = database.lines(refused)[0].parse().unwrap();
    assert!(looked_at < 60, "all {looked_at} were looked at");
}
