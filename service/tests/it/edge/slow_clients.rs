//! Slow clients are disconnected, and do not exhaust the connections meanwhile.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::TestApi;
use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

const HALF_HEAD: &str = "GET /version HTTP/1.1\r\nHost: localhost\r\nX-Half: ";
const HALF_BODY: &str = "POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[1,";

fn app(more: &[(&str, &str)]) -> App {
    App::start_with(&Database::not_created().settings(more), |apis| {
        (apis, TestApi::default())
    })
}

fn app_with_short_timeout() -> App {
    app(&[("CLIENT_TIMEOUT", "1")])
}

/// O4: With the default settings, connections that send nothing, half a head or half a body are closed within ten seconds.
#[test]
fn by_default_stalled_connections_are_closed_within_ten_seconds() {
    let app = app(&[]);
    let mut clients: Vec<RawConnection> = ["", HALF_HEAD, HALF_BODY, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
        .map(|text| {
            let mut raw = RawConnection::connect(app.address);
            raw.send(text);
            raw
        })
        .into();
    let start = Instant::now();
    for raw in &mut clients {
        raw.wait_until_closed();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
    assert!(
        start.elapsed() > Duration::from_secs(6),
        "closed before the default timeout: {:?}",
        start.elapsed()
    );
}

/// O4: A connection whose head arrives a byte at a time is closed.
#[test]
fn a_head_that_trickles_in_is_cut_off() {
    let app = app_with_short_timeout();
    let mut raw = RawConnection::connect(app.address);
    raw.send(HALF_HEAD);
    let start = Instant::now();
    while raw.send("x") && start.elapsed() < Duration::from_secs(8) {
        sleep(Duration::from_millis(100));
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// O4: A connection whose second head arrives a byte at a time is closed.
#[test]
fn a_second_head_that_trickles_in_is_cut_off() {
    let app = app_with_short_timeout();
    let mut raw = RawConnection::connect(app.address);
    raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw.read_response().unwrap().status, 200);
    raw.send(HALF_HEAD);
    let start = Instant::now();
    while raw.send("x") && start.elapsed() < Duration::from_secs(8) {
        sleep(Duration::from_millis(100));
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// O4: A body that arrives too slowly is answered with 408, and the connection is closed.
#[test]
fn a_body_that_trickles_in_is_answered_408_and_cut_off() {
    let app = app_with_short_timeout();
    let mut raw = RawConnection::connect(app.address);
    raw.send(HALF_BODY);
    let mut writer = RawConnection(raw.0.try_clone().unwrap());
    let trickle = std::thread::spawn(move || {
        for _ in 0..40 {
            if !writer.send("1,") {
                break;
            }
            sleep(Duration::from_millis(100));
        }
    });
    let start = Instant::now();
    raw.read_response().unwrap().problem(408);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    raw.wait_until_closed();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    trickle.join().unwrap();
}

/// O4: A client that does not read its response is disconnected.
#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let app = app_with_short_timeout();
    let mut raw = RawConnection::connect(app.address);
    raw.send("GET /extra/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    sleep(Duration::from_millis(3_500));
    // The socket buffers still hold a part of the response, followed by the end.
    let mut received = 0;
    let mut buffer = vec![0; 65_536];
    loop {
        match raw.0.read(&mut buffer) {
            Ok(count @ 1..) => received += count,
            Ok(0) => break,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            other => panic!("the connection is still open: {other:?}"),
        }
    }
    assert!(received < 7_900_000, "the whole response arrived: {received}");
}

/// O4: A client that reads slowly but steadily gets the whole response.
#[test]
fn a_client_that_reads_slowly_gets_the_whole_response() {
    let app = app_with_short_timeout();
    let mut raw = RawConnection::connect(app.address);
    raw.send("GET /extra/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut buffer = vec![0; 400_000];
    let mut received = 0;
    while let Ok(count @ 1..) = raw.0.read(&mut buffer) {
        received += count;
        sleep(Duration::from_millis(40));
    }
    assert!(received > 8_000_000, "{received}");
}

/// O4: Silent connections beyond the limit are evicted, so that other clients are served.
#[test]
fn silent_connections_do_not_block_other_clients() {
    let app = app(&[("MAX_CONNECTIONS", "32"), ("CLIENT_TIMEOUT", "60")]);
    let silent: Vec<RawConnection> = (0..64)
        .map(|number| {
            let mut raw = RawConnection::connect(app.address);
            raw.send(if number % 2 == 0 { "" } else { HALF_HEAD });
            raw
        })
        .collect();
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(app.get("/version").status, 200);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    let page = app.get_internal("/metrics");
    let evicted = page
        .text()
        .lines()
        .find(|line| line.starts_with("http_server_refused_connections") && line.contains("evicted"));
    assert!(evicted.is_some(), "{}", page.text());
    drop(silent);
}

/// O4: Idle keep-alive connections beyond the limit are evicted, so that other clients are served.
#[test]
fn idle_connections_do_not_block_other_clients() {
    let app = app(&[("MAX_CONNECTIONS", "32"), ("CLIENT_TIMEOUT", "60")]);
    let idle: Vec<RawConnection> = (0..64)
        .map(|_| {
            let mut raw = RawConnection::connect(app.address);
            raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(raw.read_response().unwrap().status, 200);
            raw
        })
        .collect();
    let start = Instant::now();
    assert_eq!(app.get("/version").status, 200);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    drop(idle);
}

/// O4: During a continuous attack with slow connections, other clients are served.
#[test]
fn a_slow_attack_does_not_block_other_clients() {
    let app = app(&[("MAX_CONNECTIONS", "64"), ("CLIENT_TIMEOUT", "2")]);
    let address = app.address;
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let mut held = Vec::new();
                while Instant::now() < end {
                    let mut raw = RawConnection::connect(address);
                    raw.send(HALF_HEAD);
                    held.push(raw);
                    if held.len() > 40 {
                        held.remove(0);
                    }
                    sleep(Duration::from_millis(2));
                }
            });
        }
        let mut responses = 0;
        while Instant::now() < end {
            let start = Instant::now();
            assert_eq!(app.get("/version").status, 200);
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
            responses += 1;
        }
        assert!(responses > 20, "{responses}");
    });
}
