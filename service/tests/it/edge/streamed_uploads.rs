//! Request bodies with a limit of their own, whole or part by part: size, pace, content coding, memory.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::{TestApi, UPLOAD_LIMIT, WIDE_LIMIT};
use reqwest::blocking::{Body, Client};
use std::io::Read;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn app(more: &[(&str, &str)]) -> App {
    App::start_with(&Database::not_created().settings(more), |apis| {
        (apis, TestApi::default())
    })
}

fn head(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")
}

fn http2() -> Client {
    Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap()
}

/// O3: A streamed body may be larger than `BODY_LIMIT`, up to the limit of its operation, exact to the byte; one whose length
/// exceeds that is rejected before any of it is read.
#[test]
fn the_limit_of_a_streamed_body_is_its_own() {
    let app = app(&[]);
    for (length, expected) in [(UPLOAD_LIMIT, 200), (UPLOAD_LIMIT + 1, 413)] {
        let body = vec![b'x'; length];
        let url = format!("http://{}/extra/upload", app.address);
        let over_http2 = http2().post(&url).body(body.clone()).send().unwrap();
        assert_eq!(over_http2.status(), expected);
        // Without a length it is counted while it is read. What is left unread would reset the connection, so nothing is.
        let mut raw = RawConnection::connect(app.address);
        raw.send(head("/extra/upload", "Transfer-Encoding: chunked\r\n"));
        raw.send(format!("{length:x}\r\n"));
        raw.send(&body);
        if expected == 200 {
            raw.send("\r\n0\r\n\r\n");
        }
        let counted = raw.read_response().unwrap();
        assert_eq!(counted.status, expected);
        if expected == 200 {
            let known = send(app.request("POST", "/extra/upload").body(body));
            assert_eq!(known.text(), length.to_string());
            assert_eq!(counted.text(), length.to_string());
            assert_eq!(over_http2.text().unwrap(), length.to_string());
        }
    }
    let mut raw = RawConnection::connect(app.address);
    let start = Instant::now();
    raw.send(head(
        "/extra/upload",
        "Content-Length: 500000000\r\nExpect: 100-continue\r\n",
    ));
    raw.read_response().unwrap().problem(413);
    assert!(start.elapsed() < Duration::from_secs(1));
    raw.wait_until_closed();
}

/// O3: A body that is read whole may have a limit of its own; others keep `BODY_LIMIT`.
#[test]
fn the_limit_of_a_whole_body_may_be_its_own() {
    let app = app(&[("BODY_LIMIT", "1000")]);
    let status = |path: &str, length: usize| {
        let body = format!("\"{}\"", "x".repeat(length - 2));
        let url = format!("http://{}{path}", app.address);
        let request = app
            .request("POST", path)
            .header("Content-Type", "application/json");
        let over_http2 = http2().post(url).header("Content-Type", "application/json");
        let over_http2 = over_http2.body(body.clone()).send().unwrap().status().as_u16();
        assert_eq!(send(request.body(body)).status, over_http2);
        over_http2
    };
    assert_eq!(status("/extra/wide", WIDE_LIMIT), 200);
    assert_eq!(status("/extra/wide", WIDE_LIMIT + 1), 413);
    assert_eq!(
        (status("/extra/echo", 1000), status("/extra/echo", 1001)),
        (200, 413)
    );
}

/// O4: A streamed body that pauses for the client timeout, or trickles, is answered with 408 and the connection is closed; one that
/// is steady may take longer than the timeout.
#[test]
fn a_slow_streamed_body_is_rejected_and_a_steady_one_is_not() {
    let app = app(&[("CLIENT_TIMEOUT", "1")]);
    let begin = || {
        let mut raw = RawConnection::connect(app.address);
        raw.send(head("/extra/upload", "Content-Length: 1000000\r\n"));
        raw
    };
    for bytes_at_once in [0, 1] {
        let mut raw = begin();
        raw.send(vec![b'x'; 2000]);
        let mut writer = RawConnection(raw.0.try_clone().unwrap());
        let trickle = std::thread::spawn(move || {
            let mut steps = 0..40;
            while steps.next().is_some() && writer.send(vec![b'x'; bytes_at_once]) {
                sleep(Duration::from_millis(100));
            }
        });
        let start = Instant::now();
        raw.read_response().unwrap().problem(408);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        raw.wait_until_closed();
        trickle.join().unwrap();
    }
    let (mut raw, start) = (begin(), Instant::now());
    for _ in 0..20 {
        assert!(raw.send(vec![b'x'; 50_000]));
        sleep(Duration::from_millis(120));
    }
    assert!(start.elapsed() > Duration::from_secs(2));
    assert_eq!(raw.read_response().unwrap().text(), "1000000");
}

/// O3: A streamed body that ends before its length, or within a chunk, is 400.
#[test]
fn a_streamed_body_that_is_cut_off_is_rejected() {
    let app = app(&[]);
    for (more, body) in [
        ("Content-Length: 1000\r\n", "half"),
        ("Transfer-Encoding: chunked\r\n", "64\r\nhalf"),
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(head("/extra/upload", more) + body);
        raw.0.shutdown(Shutdown::Write).unwrap();
        let problem = raw.read_response().unwrap().problem(400);
        assert_eq!(problem["type"], "urn:portcullis:problem:body-cut-off");
    }
}

/// O3: An operation that decodes a content coding receives bodies in it; others are 415, with the codings that are accepted.
#[test]
fn only_codings_that_the_operation_decodes_are_accepted() {
    let app = app(&[]);
    let upload = |path: &str, coding: &str| {
        let request = app
            .request("POST", path)
            .header("Content-Type", "application/json");
        send(request.header("Content-Encoding", coding).body("12345"))
    };
    assert_eq!(upload("/extra/upload", "gzip").text(), "5");
    let refused = upload("/extra/upload", "br");
    refused.problem(415);
    assert_eq!(refused.header("accept-encoding"), "gzip");
    let refused = upload("/extra/wide", "gzip");
    refused.problem(415);
    assert_eq!(refused.header("accept-encoding"), "identity");
}

/// Counts the bytes that are read from it.
struct Counter {
    left: usize,
    read: Arc<AtomicUsize>,
}

impl Read for Counter {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.left);
        buffer[..count].fill(b'x');
        self.left -= count;
        self.read.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

/// O17: While the operation reads nothing, no more of a body is received than the windows of the connection hold.
#[test]
fn an_unread_streamed_body_is_not_received() {
    let app = app(&[]);
    for client in [Client::builder().no_proxy().build().unwrap(), http2()] {
        let read = Arc::new(AtomicUsize::new(0));
        let body = Counter {
            left: UPLOAD_LIMIT,
            read: Arc::clone(&read),
        };
        let url = format!("http://{}/extra/upload?pause=1500", app.address);
        let sending = std::thread::spawn(move || {
            let body = Body::sized(body, UPLOAD_LIMIT as u64);
            client.post(url).body(body).send().unwrap().text().unwrap()
        });
        sleep(Duration::from_secs(1));
        let received = read.load(Ordering::Relaxed);
        assert!(received > 0 && received < UPLOAD_LIMIT, "{received}");
        assert_eq!(sending.join().unwrap(), UPLOAD_LIMIT.to_string());
    }
}
