//! Bodies of uploads that are slow, shorter or longer than announced, expand without bound, or change their coding or encoding.

use crate::support::accounts::get_as;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use crate::support::upload::{
    HEADER, app, csv, database, gzip, price_count, process, request, token, upload_and_wait, wait_for_end,
};
use crate::support::wait::wait_until;
use serde_json::json;
use std::io::Write;
use std::net::Shutdown;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Prices of the sample data.
const SAMPLE: i64 = 14;

/// The head of an upload that waits for its end.
fn head(token: &str, key: &str, fields: &str) -> String {
    format!(
        "POST /rates/batches HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Prefer: wait=30\r\nContent-Type: text/csv\r\n{fields}\r\n"
    )
}

/// Uploads a body in a content coding, and waits for its end.
fn upload_coded(app: &App, token: &str, key: &str, coding: &str, body: Vec<u8>) -> Response {
    let request = request(app, token, key, "").header("prefer", "wait=30");
    send(request.header("content-encoding", coding).body(body))
}

fn states(database: &Database) -> Vec<String> {
    database.lines("SELECT concat_ws(' ', state, reason) AS line FROM rates.uploads ORDER BY id")
}

const INCOMPLETE: &str = "failed the request body was not received completely";

/// C2, O4: A body that trickles is rejected with 408. Other uploads are not affected, and its key is free again.
#[test]
fn a_body_that_trickles_is_rejected_and_frees_its_key() {
    let database = database();
    let app = App::start(&database.settings(&[("UPLOADS", "on"), ("CLIENT_TIMEOUT", "1")]));
    let token = token(&app);
    let mut slow = RawConnection::connect(app.address);
    let body = csv(400);
    assert!(slow.send(head(
        &token,
        "slow",
        &format!("Content-Length: {}\r\n", body.len())
    )));
    let mut writer = RawConnection(slow.0.try_clone().unwrap());
    let bytes = body.clone().into_bytes();
    let trickle = std::thread::spawn(move || {
        let mut sent = bytes.iter().take(60);
        while sent.next().is_some_and(|byte| writer.send([*byte])) {
            sleep(Duration::from_millis(100));
        }
    });
    wait_until("it is received", || states(&database) == ["receiving"]);
    assert_eq!(upload_and_wait(&app, &token, "other", &csv(3)).status, 200);
    let start = Instant::now();
    slow.read_response().unwrap().problem(408);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    slow.wait_until_closed();
    trickle.join().unwrap();
    wait_until("the upload has failed", || states(&database)[0] == INCOMPLETE);
    assert_eq!(upload_and_wait(&app, &token, "slow", &body).status, 200);
    assert_eq!(price_count(&database), SAMPLE + 3 + 400);
}

/// C2: A body that ends before its length stores nothing and frees its key. Of one that is longer, the announced bytes count: the others
/// are no request.
#[test]
fn the_announced_length_counts() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let body = csv(3);
    let more = body.len() + 1;
    for fields in [
        format!("Content-Length: {more}\r\n\r\n{body}"),
        format!("Transfer-Encoding: chunked\r\n\r\n{more:x}\r\n{body}"),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()),
    ] {
        let mut raw = RawConnection::connect(app.address);
        let head = head(&token, "k", "");
        assert!(raw.send(head.trim_end().to_owned() + "\r\n" + &fields));
        raw.0.shutdown(Shutdown::Write).unwrap();
        let problem = raw.read_response().unwrap().problem(400);
        assert_eq!(problem["type"], "urn:portcullis:problem:body-cut-off", "{fields}");
        wait_until("the upload has failed", || {
            states(&database).iter().all(|state| state == INCOMPLETE)
        });
    }
    assert_eq!(states(&database).len(), 3);
    // Up to the middle of the last line.
    let length = body.len() - 5;
    let mut raw = RawConnection::connect(app.address);
    assert!(raw.send(head(&token, "k", &format!("Content-Length: {length}\r\n")) + &body));
    let problem = raw.read_response().unwrap().problem(422);
    assert_eq!(problem["errors"][0]["line"], 4, "{problem}");
    raw.read_response().unwrap().problem(400);
    raw.wait_until_closed();
    assert_eq!(price_count(&database), SAMPLE);
    assert_eq!(upload_and_wait(&app, &token, "k2", &body).status, 200);
}

/// C2: A small body that expands to more than 1 GiB stores nothing, whatever its coding, and takes little memory. The worker goes on.
#[test]
fn a_body_that_expands_beyond_the_limit_is_rejected() {
    let database = database();
    let (process, app) = process(&database);
    let token = token(&app);
    assert_eq!(upload_and_wait(&app, &token, "first", &csv(1_000)).status, 200);
    let before = process.peak_memory();
    // Long lines, because each is parsed: an invalid one is counted.
    let line = "x".repeat(60_000) + "\n";
    let mebibyte = line.repeat((1 << 20) / line.len() + 1);
    let repeated = |header: Vec<u8>, member: &[u8]| [header, member.repeat(1_025)].concat();
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    for (coding, body) in [
        ("zstd", repeated(zstd(HEADER), &zstd(&mebibyte))),
        ("gzip", repeated(gzip(HEADER), &gzip(&mebibyte))),
    ] {
        assert!(body.len() < 32 << 20, "{} bytes", body.len());
        let request = request(&app, &token, coding, "").header("content-encoding", coding);
        let accepted = send(request.body(body));
        assert_eq!(accepted.status, 202, "{accepted:?}");
        let start = Instant::now();
        let batch = wait_for_end(&app, &token, accepted.header("location"));
        println!("{coding}: {:?}", start.elapsed());
        let reason = batch["upload"]["reason"].as_str().unwrap();
        assert_eq!(batch["state"], "failed", "{batch}");
        assert!(reason.contains("expands to more than"), "{reason}");
        assert!(batch["upload"]["errors"].is_null(), "{batch}");
    }
    let grown = process.peak_memory().saturating_sub(before);
    assert!(grown < 30 << 10, "{grown} KiB more");
    assert_eq!(upload_and_wait(&app, &token, "last", &csv(5)).status, 200);
    assert_eq!(price_count(&database), SAMPLE + 1_005);
    process.terminate();
    process.wait();
}

/// C1: A frame of Zstandard that needs more than 8 MiB of memory to be decoded is rejected.
#[test]
fn a_large_zstd_window_is_rejected() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let coded = |window: u32| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window).unwrap();
        // Of unknown length, or the window would be no larger than the text.
        encoder.write_all(csv(10).as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let response = upload_coded(&app, &token, "24", "zstd", coded(24));
    response.problem(422);
    assert!(response.text().contains("cannot be decoded"), "{response:?}");
    assert_eq!(price_count(&database), SAMPLE);
    assert_eq!(upload_coded(&app, &token, "23", "zstd", coded(23)).status, 200);
    assert_eq!(price_count(&database), SAMPLE + 10);
}

/// C1: A body that changes its content coding stores nothing; members and frames of the same coding are one text.
#[test]
fn a_body_may_not_change_its_coding() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let text = csv(20_000);
    let (first, second) = text.split_at(text.len() / 2);
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    for (key, coding, body) in [
        ("1", "gzip", [gzip(first), second.into()].concat()),
        ("2", "gzip", [gzip(first), zstd(second)].concat()),
        ("3", "zstd", [zstd(first), second.into()].concat()),
        ("4", "zstd", [zstd(first), gzip(second)].concat()),
        ("5", "identity", [first.into(), gzip(second)].concat()),
        ("6", "identity", [first.into(), zstd(second)].concat()),
    ] {
        let response = upload_coded(&app, &token, key, coding, body);
        response.problem(422);
        let is_decoded = coding == "identity";
        assert_eq!(
            response.text().contains("cannot be decoded"),
            !is_decoded,
            "{key}: {response:?}"
        );
    }
    assert_eq!(price_count(&database), SAMPLE);
    for (coding, body) in [
        ("gzip", [gzip(first), gzip(second)].concat()),
        ("zstd", [zstd(first), zstd(second)].concat()),
    ] {
        let response = upload_coded(&app, &token, coding, coding, body);
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["rows_total"], 20_000);
    }
    assert_eq!(price_count(&database), SAMPLE + 20_000);
}

/// C1: A text that is not UTF-8 from some line on stores nothing, and the line is named.
#[test]
fn a_text_may_not_change_its_encoding() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let utf16: Vec<u8> = "CNGGZ,FIHEL,2022-01-01,1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (key, line) in [
        ("latin 1", b"CNGGZ,FIHEL,2022-01-01,\xa05\n".to_vec()),
        ("cut", b"CNGGZ,FIHEL,2022-01-01,\xe2\x82\n".to_vec()),
        ("utf 16", utf16),
        ("nul", b"CNGGZ,FIHEL,2022-01-01,1\0\n".to_vec()),
        ("mark", b"\xef\xbb\xbfCNGGZ,FIHEL,2022-01-01,1\n".to_vec()),
        ("digits", "CNGGZ,FIHEL,2022-01-01,\u{661}\n".into()),
    ] {
        let body = [
            csv(100).into_bytes(),
            line,
            b"CNGGZ,FIHEL,2022-01-01,7\n".to_vec(),
        ]
        .concat();
        let response = send(
            request(&app, &token, key, "")
                .header("prefer", "wait=30")
                .body(body),
        );
        let problem = response.problem(422);
        assert_eq!(problem["errors"][0]["line"], 102, "{key}: {problem}");
    }
    let batches = get_as(&app, &token, "/rates/batches").json();
    let subject = &batches["batches"][5]["upload"];
    assert_eq!(subject["error_count"], json!(1), "{batches}");
    assert_eq!(price_count(&database), SAMPLE);
}
