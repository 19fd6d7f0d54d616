//! Responses that are produced while their clients read them: complete or visibly aborted, never held in memory.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::http2_connection::{DATA, Http2Connection, RST_STREAM};
use crate::support::raw_connection::{RawConnection, send_request};
use crate::support::test_api::{TestApi, part};
use crate::support::wait::wait_until_within;
use reqwest::blocking::Client;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

fn app(more: &[(&str, &str)]) -> (App, Arc<AtomicU64>) {
    let api = TestApi::default();
    let streams = Arc::clone(&api.streams);
    let app = App::start_with(&Database::not_created().settings(more), |apis| (apis, api));
    (app, streams)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// Everything until the server closes the connection.
fn read_all(raw: &mut RawConnection) -> Vec<u8> {
    let mut received = Vec::new();
    match raw.0.read_to_end(&mut received) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the connection is still open")
        }
        _ => received,
    }
}

fn clients() -> [Client; 2] {
    let http2 = Client::builder().no_proxy().http2_prior_knowledge();
    [
        Client::builder().no_proxy().build().unwrap(),
        http2.build().unwrap(),
    ]
}

fn all_parts(count: u64, bytes: usize) -> Vec<u8> {
    (0..count).flat_map(|number| part(number, bytes)).collect()
}

/// O18: A streamed response arrives whole over HTTP/1.1 and HTTP/2, in the content coding that the client prefers.
#[test]
fn a_streamed_response_arrives_whole_in_each_coding() {
    let (app, _) = app(&[]);
    for client in clients() {
        for coding in ["", "gzip", "zstd"] {
            let url = format!("http://{}/extra/stream?parts=50&bytes=60001", app.address);
            let response = client.get(url).header("Accept-Encoding", coding).send().unwrap();
            assert_eq!(response.status(), 200);
            let headers = response.headers().clone();
            assert!(!headers.contains_key("content-length"), "{headers:?}");
            assert_eq!(headers["vary"], "Accept-Encoding");
            let named = headers.get("content-encoding");
            assert_eq!(named.map_or("", |name| name.to_str().unwrap()), coding);
            let body = response.bytes().unwrap();
            let mut decoded = Vec::new();
            match coding {
                "gzip" => {
                    flate2::read::GzDecoder::new(&body[..])
                        .read_to_end(&mut decoded)
                        .unwrap();
                }
                "zstd" => decoded = zstd::stream::decode_all(&body[..]).unwrap(),
                _ => decoded.extend_from_slice(&body),
            }
            assert!(
                decoded == all_parts(50, 60_001),
                "{coding}: {} bytes",
                decoded.len()
            );
        }
    }
}

/// O18: An error after the first byte aborts the connection or the stream: the response has no valid end. One before it is a
/// problem document.
#[test]
fn an_error_after_the_first_byte_is_visible() {
    let (app, streams) = app(&[]);
    let path = "/extra/stream?parts=50&bytes=2000&fail=20";
    let mut raw = RawConnection::connect(app.address);
    raw.send(get(path));
    let received = read_all(&mut raw);
    assert!(received.starts_with(b"HTTP/1.1 200"));
    assert!(received.len() > 30_000, "{}", received.len());
    assert!(!received.ends_with(b"0\r\n\r\n"), "the response looks complete");
    let mut connection = Http2Connection::connect(app.address, 1_000_000);
    // A reset drops what is not sent yet, so there are pauses.
    connection.get(&format!("{path}&pause=20"), "localhost", None);
    let frames = connection.read_for(2 * SECOND);
    assert!(
        frames
            .iter()
            .any(|frame| frame.kind == DATA && !frame.payload.is_empty())
    );
    assert!(frames.iter().any(|frame| frame.kind == RST_STREAM));
    assert!(
        !frames.iter().any(|frame| frame.ends_stream),
        "the response looks complete"
    );
    for client in clients() {
        for coding in ["", "gzip", "zstd"] {
            let request = client.get(format!("http://{}{path}", app.address));
            let response = request.header("Accept-Encoding", coding).send();
            let body = response.and_then(reqwest::blocking::Response::bytes);
            assert!(body.is_err(), "{coding}: the response looks complete");
        }
    }
    app.get("/extra/stream?parts=5&bytes=10&fail=0").problem(503);
    wait_until_within(SECOND, "the streams end", || streams.load(Ordering::Relaxed) == 0);
}

/// O2: The response to HEAD has the header fields of a streamed response, no length, and no body.
#[test]
fn head_has_the_fields_of_a_streamed_response() {
    let (app, streams) = app(&[]);
    let path = "/extra/stream?parts=2&bytes=10";
    let fields = |method: &str| {
        let request = app.request(method, path).header("Accept-Encoding", "gzip");
        let response = send(request);
        assert_eq!(response.status, 200);
        let names = ["content-type", "content-encoding", "vary"];
        let fields = names.map(|name| response.header(name).to_owned());
        (
            fields,
            response.headers.contains_key("content-length"),
            response.body.len(),
        )
    };
    let ((get, get_length, body), (head, head_length, none)) = (fields("GET"), fields("HEAD"));
    assert_eq!((&get, get_length, head_length, none), (&head, false, false, 0));
    assert!(body > 0);
    wait_until_within(SECOND, "nothing is produced", || {
        streams.load(Ordering::Relaxed) == 0
    });
}

/// O1, O18: A client of HTTP/1.0 could not detect a truncated response, so it is answered 426.
#[test]
fn http_1_0_is_refused() {
    let (app, _) = app(&[]);
    let request = "GET /extra/stream?parts=2&bytes=10 HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let response = send_request(app.address, request);
    response.problem(426);
    assert_eq!(response.header("upgrade"), "HTTP/1.1");
}

/// O4: A client that reads a streamed response one byte at a time is disconnected, and its stream ends.
#[test]
fn a_slow_reader_is_disconnected() {
    let (app, streams) = app(&[("CLIENT_TIMEOUT", "1")]);
    let mut raw = RawConnection::connect_with_receive_buffer(app.address, 4096);
    raw.send(get("/extra/stream?parts=1000000&bytes=60000"));
    let mut http2 = Http2Connection::connect(app.address, 0);
    let stream = http2.get("/extra/stream?parts=1000000&bytes=60000", "localhost", None);
    wait_until_within(SECOND, "both begin", || streams.load(Ordering::Relaxed) == 2);
    let start = Instant::now();
    let mut reset = false;
    while streams.load(Ordering::Relaxed) > 0 || !reset {
        assert!(start.elapsed() < 10 * SECOND, "the streams go on");
        let _ = raw.0.read(&mut [0; 1]);
        http2.widen(stream, 1);
        let frames = http2.read_for(Duration::from_millis(200));
        reset |= frames.iter().any(|frame| frame.kind == RST_STREAM);
    }
    assert!(start.elapsed() > SECOND / 2, "{:?}", start.elapsed());
    let received = read_all(&mut raw);
    assert!(!received.ends_with(b"0\r\n\r\n"), "the response looks complete");
}

/// O4: A client that reads as fast as the service produces gets the whole response, however long that takes and however little
/// there is at a time.
#[test]
fn a_slowly_produced_response_arrives_whole() {
    let (app, _) = app(&[("CLIENT_TIMEOUT", "1")]);
    let start = Instant::now();
    for client in clients() {
        let url = format!("http://{}/extra/stream?parts=3&bytes=10&pause=1500", app.address);
        let response = client.get(url).send().unwrap();
        assert!(response.bytes().unwrap() == all_parts(3, 10));
    }
    assert!(start.elapsed() > 8 * SECOND);
}

/// O17: A client may read two streamed responses at a time. Another one waits for one of them to end, and is then rejected.
#[test]
fn streams_of_a_client_are_bounded() {
    let (app, streams) = app(&[]);
    let endless = "/extra/stream?parts=1000000&bytes=60000&pause=10";
    let mut first = RawConnection::connect(app.address);
    let mut second = RawConnection::connect(app.address);
    first.send(get(endless));
    second.send(get(endless));
    wait_until_within(SECOND, "both begin", || streams.load(Ordering::Relaxed) == 2);
    let start = Instant::now();
    let rejected = app.get("/extra/stream?parts=1&bytes=10");
    assert_eq!(
        rejected.problem(429)["type"],
        "urn:portcullis:problem:too-many-streams"
    );
    assert!(rejected.headers.contains_key("retry-after"));
    assert!(
        start.elapsed() > SECOND && start.elapsed() < 4 * SECOND,
        "{:?}",
        start.elapsed()
    );
    assert_eq!(app.get("/version").status, 200, "other responses do not count");
    let waiting = std::thread::spawn(move || {
        sleep(SECOND / 2);
        drop(first);
    });
    assert_eq!(app.get("/extra/stream?parts=1&bytes=10").status, 200);
    waiting.join().unwrap();
    drop(second);
}

/// O17: When a client leaves, over HTTP/1.1 or by a reset of its HTTP/2 stream, the production ends within a second.
#[test]
fn a_client_that_leaves_ends_the_production() {
    let (app, streams) = app(&[]);
    let endless = "/extra/stream?parts=1000000&bytes=60000&pause=10";
    let mut raw = RawConnection::connect(app.address);
    raw.send(get(endless));
    let mut http2 = Http2Connection::connect(app.address, 1_000_000);
    let stream = http2.get(endless, "localhost", None);
    wait_until_within(SECOND, "both begin", || streams.load(Ordering::Relaxed) == 2);
    drop(raw);
    wait_until_within(SECOND, "the first ends", || streams.load(Ordering::Relaxed) == 1);
    http2.reset(stream);
    wait_until_within(SECOND, "the second ends", || streams.load(Ordering::Relaxed) == 0);
}

/// L6, O18: A streamed response that ends within the shutdown grace arrives whole; one that does not is visibly aborted, and does not
/// prolong the shutdown.
#[test]
fn a_shutdown_completes_or_aborts_streams() {
    let (mut app, streams) = app(&[("SHUTDOWN_GRACE", "2")]);
    let mut short = RawConnection::connect(app.address);
    short.send(get("/extra/stream?parts=10&bytes=1000&pause=100"));
    let mut long = RawConnection::connect(app.address);
    long.send(get("/extra/stream?parts=1000000&bytes=1000&pause=100"));
    wait_until_within(SECOND, "both begin", || streams.load(Ordering::Relaxed) == 2);
    let start = Instant::now();
    app.request_stop();
    let received = read_all(&mut short);
    assert!(received.ends_with(b"0\r\n\r\n") && received.len() > 10_000);
    app.stop();
    assert!(start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
    let received = read_all(&mut long);
    assert!(!received.ends_with(b"0\r\n\r\n"), "the response looks complete");
}
