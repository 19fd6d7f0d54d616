//! Connections between requests: how long they stay open, and how that is announced.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use std::thread::sleep;
use std::time::{Duration, Instant};

const GET: &str = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn app(more: &[(&str, &str)]) -> App {
    App::start(&Database::not_created().settings(more))
}

/// O15: A connection outlives the time limit for heads and bodies between requests, and is closed after the keep-alive
/// timeout.
#[test]
fn an_idle_connection_is_closed_after_the_keep_alive_timeout() {
    let app = app(&[("CLIENT_TIMEOUT", "1"), ("KEEP_ALIVE_TIMEOUT", "4")]);
    let mut raw = RawConnection::connect(app.address);
    for _ in 0..2 {
        raw.send(GET);
        assert_eq!(raw.read_response().unwrap().status, 200);
        sleep(Duration::from_millis(2_200));
    }
    raw.send(GET);
    assert_eq!(raw.read_response().unwrap().status, 200);
    let waited = raw.wait_until_closed();
    assert!(
        (Duration::from_millis(3_900)..Duration::from_secs(8)).contains(&waited),
        "{waited:?}"
    );
}

/// O15: By default a connection stays open longer than the 60 seconds of common load balancers, and says so.
#[test]
fn the_default_exceeds_the_idle_timeout_of_load_balancers() {
    let app = app(&[]);
    let mut raw = RawConnection::connect(app.address);
    raw.send(GET);
    let response = raw.read_response().unwrap();
    assert_eq!(response.header("keep-alive"), "timeout=75");
    assert_eq!(response.header("connection"), "keep-alive");
    sleep(Duration::from_secs(10));
    raw.send(GET);
    assert_eq!(raw.read_response().unwrap().status, 200);
}

/// O15: A response after which the connection closes announces no keep-alive timeout, and HTTP/1.0 and HTTP/2 get none.
#[test]
fn only_persistent_http_1_1_connections_announce_it() {
    let app = app(&[]);
    for request in [
        "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: TE, Close\r\n\r\n",
        "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(request);
        let response = raw.read_response().unwrap();
        assert_eq!(response.header("keep-alive"), "", "{request}");
        assert_ne!(response.header("connection"), "keep-alive", "{request}");
        raw.wait_until_closed();
    }
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let response = client
        .get(format!("http://{}/version", app.address))
        .send()
        .unwrap();
    assert!(!response.headers().contains_key("keep-alive"), "{response:?}");
}

/// O4: A head that stalls on an open connection is cut off after the time limit for heads, not after the keep-alive timeout.
#[test]
fn a_stalled_second_head_is_cut_off() {
    let app = app(&[("CLIENT_TIMEOUT", "1")]);
    let mut raw = RawConnection::connect(app.address);
    raw.send(GET);
    assert_eq!(raw.read_response().unwrap().status, 200);
    raw.send("GET /version HTTP/1.1\r\nHost: loc");
    let start = Instant::now();
    raw.wait_until_closed();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}
