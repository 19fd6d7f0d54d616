//! Clients that shut down their sending side after the request, as `nc -N` does (RFC 9112 §9.6).

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::TestApi;
use std::net::Shutdown;
use std::time::{Duration, Instant};

fn app() -> App {
    let settings = Database::not_created().settings(&[("CLIENT_TIMEOUT", "1")]);
    App::start_with(&settings, |apis| (apis, TestApi::default()))
}

/// O16: A client that shuts down its sending side after a request gets the response; then the connection closes.
#[test]
fn a_half_closed_connection_is_answered() {
    let app = app();
    for request in [
        "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "GET /extra/slow HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n".to_owned(),
        "POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]".to_owned(),
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(&request);
        raw.0.shutdown(Shutdown::Write).unwrap();
        let response = raw.read_response().unwrap_or_else(|| panic!("no response to {request}"));
        assert_eq!(response.status, 200, "{request}");
        assert!(raw.wait_until_closed() < Duration::from_secs(3), "{request}");
    }
}

/// O16: All requests that were sent before the sending side was shut down are answered.
#[test]
fn pipelined_requests_before_a_half_close_are_answered() {
    let app = app();
    let mut raw = RawConnection::connect(app.address);
    raw.send("GET /extra/slow HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
    raw.0.shutdown(Shutdown::Write).unwrap();
    for _ in 0..3 {
        assert_eq!(raw.read_response().unwrap().text(), "done");
    }
    raw.wait_until_closed();
}

/// O16: A connection that is shut down without a request, within a head or within a body is closed in time.
#[test]
fn a_half_closed_connection_without_a_request_is_closed() {
    let app = app();
    for text in [
        "",
        "GET /version HTTP/1.1\r\nHost: loc",
        "POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[",
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(text);
        raw.0.shutdown(Shutdown::Write).unwrap();
        let start = Instant::now();
        raw.wait_until_closed();
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{text}: {:?}",
            start.elapsed()
        );
    }
}

/// O4: A client that shuts down its sending side and does not read is cut off.
#[test]
fn a_half_closed_connection_that_does_not_read_is_cut_off() {
    let app = app();
    let mut raw = RawConnection::connect_with_receive_buffer(app.address, 4096);
    raw.send("GET /extra/large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw.0.shutdown(Shutdown::Write).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert!(raw.read_response().is_none(), "the whole response arrived");
}
