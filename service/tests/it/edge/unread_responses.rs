//! Clients that do not read their responses: they get no more than their share of memory, and are disconnected.

use crate::support::accounts::{create_account, get_as, log_in};
use crate::support::app::{App, wait_for_status};
use crate::support::database::Database;
use crate::support::http2_connection::{DATA, GOAWAY, HEADERS, Http2Connection, RST_STREAM};
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::{REFUSALS, TestApi};
use portcullis::types::role::Role;
use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A list whose thousand rows are nine megabytes together.
const LIST: &str = "/wishes?limit=1000";

/// How much memory the service may need beyond the memory before, in KiB. Unbounded, the responses of these tests would need a
/// gigabyte.
const MAX_GROWTH: u64 = 100 * 1024;

/// A service whose user has a thousand long wishes, and the user's access token.
fn service_with_long_wishes(database: &Database, client_timeout: &str) -> (ServiceProcess, String) {
    let mut pairs = database.pairs();
    pairs.push(("CLIENT_TIMEOUT".to_owned(), client_timeout.to_owned()));
    let service = ServiceProcess::start(&pairs);
    create_account(database, "ann@example.org", Role::User);
    database.execute(
        "INSERT INTO wishes.wishes (account_id, title, note)
         SELECT id, 'long', repeat(U&'\\+01F600', 2000) FROM accounts.accounts, generate_series(1, 1000)",
    );
    let token = log_in(&App::of_process(&service), "ann@example.org").access;
    (service, token)
}

/// The most memory that the service needed during this time, beyond `before`.
fn growth(service: &ServiceProcess, before: u64, time: Duration, mut meanwhile: impl FnMut()) -> u64 {
    let (start, mut most) = (Instant::now(), 0);
    while start.elapsed() < time {
        meanwhile();
        most = most.max(service.memory());
        sleep(Duration::from_millis(20));
    }
    most.saturating_sub(before)
}

/// O17: A hundred HTTP/2 streams whose client opens no window do not hold their responses in memory, and are reset.
#[test]
fn streams_without_a_window_hold_little_memory() {
    let database = Database::fresh();
    let (service, token) = service_with_long_wishes(&database, "8");
    let before = service.memory();
    let mut connections: Vec<_> = (0..4)
        .map(|_| Http2Connection::connect(service.address, 0))
        .collect();
    for connection in &mut connections {
        for _ in 0..25 {
            connection.get(LIST, "localhost", Some(&token));
        }
    }
    let mut frames = Vec::new();
    let grown = growth(&service, before, Duration::from_secs(12), || {
        for connection in &mut connections {
            connection.ping();
            frames.extend(connection.read_for(Duration::from_millis(50)));
        }
    });
    println!("100 HTTP/2 streams without a window: {before} KiB before, {grown} KiB more");
    let count = |kind| frames.iter().filter(|frame| frame.kind == kind).count();
    assert_eq!(count(HEADERS), 100, "each request is answered");
    assert_eq!(count(RST_STREAM), 100, "each stream is reset");
    assert_eq!(
        frames
            .iter()
            .filter(|frame| frame.kind == DATA && !frame.payload.is_empty())
            .count(),
        0
    );
    assert!(grown < MAX_GROWTH, "{grown} KiB");
}

/// O17: Two hundred HTTP/1.1 clients that read a few bytes per second do not hold their responses in memory. Their address gets
/// no further long response until they have read theirs or are disconnected.
#[test]
fn slow_readers_hold_little_memory() {
    let database = Database::fresh();
    let (service, token) = service_with_long_wishes(&database, "60");
    let before = service.memory();
    let mut clients: Vec<_> = (0..200)
        .map(|_| {
            let mut raw = RawConnection::connect_with_receive_buffer(service.address, 4096);
            raw.send(format!(
                "GET {LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
            ));
            raw.0.set_nonblocking(true).unwrap();
            raw
        })
        .collect();
    let grown = growth(&service, before, Duration::from_secs(6), || {
        for client in &mut clients {
            let _ = client.0.read(&mut [0; 10]);
        }
        sleep(Duration::from_millis(200));
    });
    println!("200 slow HTTP/1.1 readers: {before} KiB before, {grown} KiB more");
    assert!(grown < MAX_GROWTH, "{grown} KiB");
    let honest = App::of_process(&service);
    assert_eq!(honest.get("/version").status, 200);
    get_as(&honest, &token, LIST).problem(429);
    drop(clients);
    wait_for_status(200, Duration::from_secs(10), || get_as(&honest, &token, LIST));
}

/// O4: Neither PING nor one byte of window at a time keeps a stream alive whose response makes no progress, nor its
/// connection afterwards.
#[test]
fn pings_and_tiny_windows_are_no_progress() {
    let settings = Database::not_created().settings(&[("CLIENT_TIMEOUT", "1"), ("KEEP_ALIVE_TIMEOUT", "2")]);
    let app = App::start_with(&settings, |apis| (apis, TestApi::default()));
    for step in [0, 1] {
        let mut client = Http2Connection::connect(app.address, 0);
        let stream = client.get("/extra/large", "localhost", None);
        let (start, mut reset, mut going_away) = (Instant::now(), None, false);
        while !client.closed && start.elapsed() < Duration::from_secs(10) {
            client.ping();
            if step > 0 && reset.is_none() {
                client.widen(stream, step);
            }
            for frame in client.read_for(Duration::from_millis(100)) {
                going_away |= frame.kind == GOAWAY;
                if frame.kind == RST_STREAM {
                    reset = Some(start.elapsed());
                }
            }
        }
        let reset = reset.expect("the stream is reset");
        assert!(
            reset > Duration::from_millis(900) && reset < Duration::from_secs(4),
            "{reset:?}"
        );
        assert!(
            client.closed && going_away,
            "the connection is still open after {:?}",
            start.elapsed()
        );
    }
}

/// O4: A connection without a stream is closed after the keep-alive timeout, although its client sends PING.
#[test]
fn pings_do_not_keep_a_connection_open() {
    let settings = Database::not_created().settings(&[("CLIENT_TIMEOUT", "1"), ("KEEP_ALIVE_TIMEOUT", "1")]);
    let app = App::start(&settings);
    for requests in [0, 1] {
        let mut client = Http2Connection::connect(app.address, 65_535);
        for _ in 0..requests {
            client.get("/version", "localhost", None);
        }
        let start = Instant::now();
        while !client.closed {
            assert!(
                start.elapsed() < Duration::from_secs(6),
                "still open with {requests} requests"
            );
            client.ping();
            client.read_for(Duration::from_millis(100));
        }
    }
}

/// O4, O13: An HTTP/2 client that reads steadily gets the whole response, however long it takes.
#[test]
fn a_client_that_reads_steadily_over_http_2_gets_the_whole_response() {
    let settings = Database::not_created().settings(&[("CLIENT_TIMEOUT", "1")]);
    let app = App::start_with(&settings, |apis| (apis, TestApi::default()));
    let mut client = Http2Connection::connect(app.address, 65_535);
    let stream = client.get("/extra/large", "localhost", None);
    let (start, mut received) = (Instant::now(), 0);
    while received < 8_000_000 {
        assert!(
            !client.closed && start.elapsed() < Duration::from_secs(60),
            "{received}"
        );
        for frame in client.read_for(Duration::from_millis(20)) {
            assert_ne!(frame.kind, RST_STREAM, "{received}");
            if frame.kind == DATA && !frame.payload.is_empty() {
                received += frame.payload.len();
                let bytes = u32::try_from(frame.payload.len()).unwrap();
                client.widen(0, bytes);
                if received < 8_000_000 {
                    client.widen(stream, bytes);
                }
            }
        }
    }
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
}

/// O1: Text that equals a response of the HTTP library arrives unchanged, however it is split into writes.
#[test]
fn text_like_a_status_line_arrives_unchanged() {
    let settings = Database::not_created().settings(&[]);
    let app = App::start_with(&settings, |apis| (apis, TestApi::default()));
    let mut raw = RawConnection::connect_with_receive_buffer(app.address, 4096);
    let request = "GET /extra/refusals HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw.send(request.repeat(5));
    sleep(Duration::from_millis(500));
    for number in 0..5 {
        let response = raw.read_response().unwrap();
        assert_eq!(response.status, 200);
        assert!(
            response.text() == REFUSALS.repeat(100_000),
            "response {number} was altered"
        );
    }
    // What follows is refused with a problem document again.
    raw.send("GET\r\n\r\n");
    raw.read_response().unwrap().problem(400);
}

/// O17: A page of a list has at most 256 KiB: it has fewer rows than requested, and the pages together have all rows once.
#[test]
fn pages_of_long_rows_are_shorter() {
    let database = Database::fresh();
    let (service, token) = service_with_long_wishes(&database, "8");
    let app = App::of_process(&service);
    let (mut next, mut ids, mut pages) = (Some(LIST.to_owned()), Vec::new(), 0);
    while let Some(path) = next.take() {
        let response = get_as(&app, &token, &path);
        assert_eq!(response.status, 200);
        assert!(response.body.len() <= 256 * 1024, "{}", response.body.len());
        let wishes = response.json()["wishes"].as_array().unwrap().clone();
        assert!(!wishes.is_empty());
        ids.extend(wishes.iter().map(|wish| wish["id"].as_i64().unwrap()));
        let link = response.header("link");
        next = link
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(path, _)| path.to_owned());
        pages += 1;
    }
    assert_eq!((ids.len(), pages > 30), (1000, true));
    assert!(
        ids.windows(2).all(|pair| pair[0] > pair[1]),
        "in order, each once"
    );
}
