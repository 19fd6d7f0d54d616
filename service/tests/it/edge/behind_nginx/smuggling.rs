//! Request smuggling (CWE-444): nginx and the service must agree where each request ends.

use super::{QUIET, nginx};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::http2_connection::{DATA, HEADERS, SETTINGS, frame, push_field};
use crate::support::metric::metric;
use crate::support::nginx::Nginx;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What the attacks try to make the service answer.
const SMUGGLED: &str = "GET /extra/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n";

/// Ways to say `Transfer-Encoding: chunked` that one of two parsers may not recognise.
const TRANSFER_ENCODINGS: [&str; 24] = [
    "Transfer-Encoding: chunked",
    "transfer-encoding: CHUNKED",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: \u{b}chunked",
    "Transfer-Encoding: chunked\u{b}",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding\r\n : chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\r\n\0Transfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "\u{0}Transfer-Encoding: chunked",
];

/// Lengths of which one parser may take another than the other; the body is longer.
const LENGTHS: [&str; 14] = [
    "Content-Length: 4\r\nContent-Length: 96",
    "Content-Length: 96\r\nContent-Length: 4",
    "Content-Length: 4, 96",
    "Content-Length: 4\r\nContent_Length: 96",
    "Content-Length: +4",
    "Content-Length: -4",
    "Content-Length: 0x4",
    "Content-Length: 4 ",
    "Content-Length : 4",
    "Content-Length:\u{b}4",
    "Content-Length: 4\r\n Content-Length: 96",
    "Content-Length: 4\nContent-Length: 96",
    "Content-Length: 18446744073709551620",
    "X: y\r\n Content-Length: 4",
];

/// Bodies in chunks of which two parsers may find different ends.
const CHUNKS: [&str; 13] = [
    "0x2\r\n{}\r\n0\r\n\r\n",
    "-2\r\n{}\r\n0\r\n\r\n",
    "+2\r\n{}\r\n0\r\n\r\n",
    "2 \r\n{}\r\n0\r\n\r\n",
    "2\n{}\n0\n\n",
    "2\r{}\r0\r\r",
    "2;a=\"\r\n{}\r\n0\r\n\r\n",
    "2;\n{}\r\n0\r\n\r\n",
    "2\r\n{}XX0\r\n\r\n",
    "10000000000000002\r\n{}\r\n0\r\n\r\n",
    "02\r\n{}\r\n000\r\n\r\n",
    "2\r\n{}\r\n0\r\nContent-Length: 96\r\n\r\n",
    "\r\n2\r\n{}\r\n0\r\n\r\n",
];

/// Heads of which two parsers may find different ends, or different hosts.
const HEADS: [&str; 14] = [
    "GET /version HTTP/1.1\nHost: localhost\n\n",
    "GET /version HTTP/1.1\r\nHost: localhost\r\nX: y\r\r\n\r\n",
    "GET /version HTTP/1.1\r\nHost: localhost\r\nX: y\n\n",
    "GET /version HTTP/1.1\r\nHost: localhost\r\n\r",
    "GET /version HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    "GET /version HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "GET http://other/version HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET  /version  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /version HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /version HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET /version\r\n",
    "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: Content-Length\r\nContent-Length: 96\r\n\r\n",
    "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
     HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 96\r\n\r\n",
];

/// Further fields of HTTP/2 requests that are another request, or a longer body, when they are written as HTTP/1.1.
const HTTP2_FIELDS: [&[(&str, &str)]; 14] = [
    &[("content-length", "0")],
    &[("content-length", "4")],
    &[("content-length", "4"), ("content-length", "96")],
    &[("content-length", "400")],
    &[("transfer-encoding", "chunked")],
    &[("transfer-encoding", "chunked"), ("content-length", "4")],
    &[("x", "y\r\ntransfer-encoding: chunked")],
    &[("x", "y\ntransfer-encoding: chunked")],
    &[(
        "x",
        "y\r\n\r\nGET /extra/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )],
    &[("x: y\r\ntransfer-encoding", "chunked")],
    &[("x:y", "z")],
    &[("Transfer-Encoding", "chunked")],
    &[("connection", "transfer-encoding"), ("upgrade", "h2c")],
    &[("host", "other"), ("x", "\0")],
];

/// Pseudo-header fields likewise: method, path, authority.
const HTTP2_PSEUDO: [[&str; 3]; 6] = [
    [
        "GET /extra/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\nGET",
        "/version",
        "localhost",
    ],
    [
        "GET",
        "/version HTTP/1.1\r\nhost: localhost\r\n\r\nGET /extra/smuggled",
        "localhost",
    ],
    [
        "GET",
        "/version HTTP/1.1\nhost: localhost\n\nGET /extra/smuggled",
        "localhost",
    ],
    ["GET", "http://other/version", "localhost"],
    ["GET", "/version", "localhost\r\ntransfer-encoding: chunked"],
    ["GET", "/version\u{0}", "localhost"],
];

fn post(fields: &str, body: &str) -> String {
    format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{fields}\r\n\r\n{body}"
    )
}

/// All attacks over HTTP/1.1.
fn http1() -> Vec<String> {
    let empty = format!("0\r\n\r\n{SMUGGLED}");
    let one = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    let mut attacks = Vec::new();
    for coding in TRANSFER_ENCODINGS {
        for (length, body) in [(empty.len(), &empty), (4, &one), (one.len(), &one)] {
            attacks.push(post(&format!("Content-Length: {length}\r\n{coding}"), body));
            attacks.push(post(&format!("{coding}\r\nContent-Length: {length}"), body));
        }
        attacks.push(post(coding, &empty));
    }
    let long = format!("{{}}\r\n{SMUGGLED}{}", " ".repeat(96));
    attacks.extend(LENGTHS.map(|lengths| post(lengths, &long)));
    attacks.extend(CHUNKS.map(|chunks| post("Transfer-Encoding: chunked", &format!("{chunks}{SMUGGLED}"))));
    attacks.extend(HEADS.map(|head| format!("{head}{SMUGGLED}")));
    // A body where none is expected.
    attacks.extend(
        ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"].map(|method| {
            let length = SMUGGLED.len();
            format!(
                "{method} /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}"
            )
        }),
    );
    attacks
}

/// A connection with one HTTP/2 request, written without a check.
fn http2(pseudo: [&str; 3], fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let [method, path, authority] = pseudo;
    let mut block = Vec::new();
    let pseudo = [
        (":method", method),
        (":scheme", "https"),
        (":path", path),
        (":authority", authority),
        ("content-type", "application/json"),
    ];
    for (name, value) in pseudo.iter().chain(fields) {
        push_field(&mut block, name, value);
    }
    let end_of_head = if body.is_empty() { 5 } else { 4 };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, end_of_head, 1, &block));
    if !body.is_empty() {
        bytes.extend(frame(DATA, 1, 1, body.as_bytes()));
    }
    bytes
}

/// The number of requests that nginx has passed on.
fn passed_on(nginx: &Nginx) -> usize {
    let log = nginx.log();
    let passed_on = |line: &&serde_json::Value| !line["replica"].as_str().unwrap().is_empty();
    log.iter().filter(passed_on).count()
}

/// The number of requests that the service has answered.
fn answered(app: &App) -> usize {
    metric(app, "http_server_request_duration_seconds_count", &[]) as usize
}

fn send(nginx: &Nginx, protocol: &str, bytes: &[u8]) {
    let mut attacker = nginx.connect(Ipv4Addr::LOCALHOST, protocol);
    attacker.send(bytes);
    attacker.read_until_quiet(Duration::from_millis(60));
}

/// The next client, whose request nginx sends on the connection of the attack, gets its own response.
fn assert_victim_is_served(nginx: &Nginx, attack: &str) {
    let mut victim = nginx.connect(Ipv4Addr::new(127, 0, 0, 2), "http/1.1");
    victim.send("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let response = victim.read_until_quiet(QUIET);
    let response = String::from_utf8_lossy(&response);
    assert!(
        response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("\"version\""),
        "{attack:?}: the next client got {response}"
    );
}

/// O14: A request reaches the service only if nginx has passed it on, and the next client gets its own response, whatever an attacker
/// sends over HTTP/1.1 or HTTP/2.
#[test]
fn no_request_is_smuggled_through_nginx() {
    let app = App::start(&Database::not_created().settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let Some(nginx) = nginx([app.address; 2]) else {
        return;
    };
    let mut attacks: Vec<(&str, Vec<u8>)> = Vec::new();
    attacks.extend(
        http1()
            .into_iter()
            .map(|attack| ("http/1.1", attack.into_bytes())),
    );
    for body in ["", SMUGGLED, &format!("0\r\n\r\n{SMUGGLED}")] {
        let post = ["POST", "/auth/login", "localhost"];
        attacks.extend(HTTP2_FIELDS.map(|fields| ("h2", http2(post, fields, body))));
        attacks.extend(HTTP2_PSEUDO.map(|pseudo| ("h2", http2(pseudo, &[], body))));
    }
    assert!(attacks.len() > 250, "{}", attacks.len());
    for (protocol, attack) in &attacks {
        let shown = String::from_utf8_lossy(attack);
        send(&nginx, protocol, attack);
        assert_victim_is_served(&nginx, &shown);
        assert_eq!(answered(&app), passed_on(&nginx), "after {shown:?}");
    }
    // The comparison notices a request that nginx has not passed on.
    app.get("/version");
    assert_eq!(answered(&app), passed_on(&nginx) + 1);
}
