//! The limit on request bodies: enforced before reading where Content-Length is known, otherwise while reading.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::TestApi;
use std::time::{Duration, Instant};

fn app(more: &[(&str, &str)]) -> App {
    App::start_with(&Database::not_created().settings(more), |apis| {
        (apis, TestApi::default())
    })
}

fn request_head(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}\r\n")
}

/// O3: A body whose Content-Length exceeds the limit is rejected before any of it is read.
#[test]
fn a_large_content_length_is_rejected_before_reading() {
    let app = app(&[]);
    for more in [
        "Content-Length: 30000000\r\n",
        "Content-Length: 30000000\r\nExpect: 100-continue\r\n",
    ] {
        let mut raw = RawConnection::connect(app.address);
        let start = Instant::now();
        raw.send(request_head("/extra/echo", more));
        raw.read_response().unwrap().problem(413);
        assert!(start.elapsed() < Duration::from_secs(1));
        raw.wait_until_closed();
    }
    // Also where the operation takes no body.
    let mut raw = RawConnection::connect(app.address);
    raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n");
    raw.read_response().unwrap().problem(413);
}

/// O3: A chunked body is rejected as soon as it exceeds the limit.
#[test]
fn a_chunked_body_is_rejected_at_the_limit() {
    let app = app(&[]);
    let mut raw = RawConnection::connect(app.address);
    raw.send(request_head("/extra/echo", "Transfer-Encoding: chunked\r\n"));
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    let sent = (0..7_500).take_while(|_| raw.send(&chunk)).count();
    assert!(sent < 7_500, "all 30 MB were read");
    let mut small = RawConnection::connect(app.address);
    small.send(request_head("/extra/echo", "Transfer-Encoding: chunked\r\n"));
    (0..17).for_each(|_| {
        small.send(&chunk);
    });
    small.read_response().unwrap().problem(413);
}

/// O3: The limit is a setting, exact to the byte.
#[test]
fn the_limit_is_exact() {
    let app = app(&[("BODY_LIMIT", "100")]);
    let ask = |length: usize| {
        let body = format!("\"{}\"", "x".repeat(length - 2));
        send(
            app.request("POST", "/extra/echo")
                .header("Content-Type", "application/json")
                .body(body),
        )
    };
    assert_eq!(ask(100).status, 200);
    let refused = ask(101).problem(413);
    assert!(
        refused["detail"].as_str().unwrap().contains("100 bytes"),
        "{refused}"
    );
    let chunked = |length: usize| {
        let mut raw = RawConnection::connect(app.address);
        let body = format!("\"{}\"", "x".repeat(length - 2));
        raw.send(request_head("/extra/echo", "Transfer-Encoding: chunked\r\n"));
        raw.send(format!("{length:x}\r\n{body}\r\n0\r\n\r\n"));
        raw.read_response().unwrap().status
    };
    assert_eq!((chunked(100), chunked(101)), (200, 413));
}

/// O3: Conflicting or malformed body lengths are rejected, which prevents request smuggling (RFC 9112 §6.3).
#[test]
fn ambiguous_lengths_are_rejected() {
    let app = app(&[]);
    let framings = [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ];
    for framing in framings {
        let mut raw = RawConnection::connect(app.address);
        raw.send(request_head("/extra/echo", framing) + "{}GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let response = raw.read_response();
        assert!(
            response.as_ref().is_none_or(|response| response.status >= 400),
            "{framing}: {response:?}"
        );
        assert!(
            raw.read_response().is_none(),
            "{framing}: a second request was answered"
        );
    }
}
