//! Uploads of every size: bounded memory, and a limit that is checked before the body is read.

use crate::support::accounts::{create_account, get_as};
use crate::support::app::send;
use crate::support::raw_connection::send_request;
use crate::support::upload::{
    HEADER, app, database, price_count, process, request, token, upload, wait_for_end,
};
use portcullis::types::role::Role;
use std::fmt::Write;

/// Bytes of the largest permitted body.
const LIMIT: usize = 64 << 20;

/// C2: A body that announces more than the limit is rejected before it is sent.
#[test]
fn a_body_above_the_limit_is_rejected_before_it_is_read() {
    let database = database();
    let app = app(&database);
    let head = |token: &str, length: usize| {
        format!(
            "POST /rates/batches HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k\r\n\
             Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let token = token(&app);
    for length in [LIMIT + 1, 500_000_000] {
        assert_eq!(send_request(app.address, head(&token, length)).status, 413);
    }
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM rates.uploads"),
        ["0"]
    );
}

/// C2: Memory does not grow with the body, while it is received, checked and stored.
#[test]
fn memory_does_not_grow_with_the_body() {
    let database = database();
    let (process, app) = process(&database);
    let token = token(&app);
    let prices = |count: usize, offset: usize| {
        let mut text = HEADER.to_owned();
        for number in 0..count {
            writeln!(
                text,
                "CNGGZ,FIHEL,2022-01-{:02},{:012}",
                number % 28 + 1,
                number + offset
            )
            .unwrap();
        }
        text
    };
    let store = |key: &str, text: &str| {
        let accepted = upload(&app, &token, key, text);
        assert_eq!(accepted.status, 202, "{accepted:?}");
        let batch = wait_for_end(&app, &token, accepted.header("location"));
        assert_eq!(batch["state"], "committed", "{batch}");
    };
    store("small", &prices(1_000, 0));
    let before = process.peak_memory();
    // 20 MB, far more than may be added.
    store("large", &prices(560_000, 1_000));
    let grown = process.peak_memory().saturating_sub(before);
    assert!(grown < 15 << 10, "{grown} KiB more");
    assert_eq!(price_count(&database), 14 + 561_000);
    process.terminate();
    process.wait();
}

/// C2: Memory does not grow with the number of different port codes.
#[test]
fn memory_does_not_grow_with_the_codes_of_a_body() {
    let database = database();
    let (process, app) = process(&database);
    let token = token(&app);
    let digit = |number: u32| char::from_digit(number % 36, 36).unwrap().to_ascii_uppercase();
    let mut text = HEADER.to_owned();
    for number in 0..900_000 {
        let code: String = [36 * 36, 36, 1]
            .map(|place| digit(number / place))
            .iter()
            .collect();
        let country = ["AA", "AB", "AC", "AD", "AE", "AF"][number as usize / 46_656 % 6];
        let country = if number >= 279_936 { "ZZ" } else { country };
        writeln!(text, "{country}{code},FIHEL,2022-01-01,1").unwrap();
    }
    let before = process.peak_memory();
    let accepted = upload(&app, &token, "codes", &text);
    let batch = wait_for_end(&app, &token, accepted.header("location"));
    assert_eq!(batch["state"], "failed");
    assert!(batch.to_string().contains("more than 150000 ports"), "{batch}");
    let grown = process.peak_memory().saturating_sub(before);
    assert!(grown < 40 << 10, "{grown} KiB more");
    process.terminate();
    process.wait();
}

/// C4: A caller may have 20 uploads that have not ended; another caller is not affected.
#[test]
fn active_uploads_are_limited() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let owner = database.lines("SELECT 'account:' || id AS line FROM accounts.accounts");
    database.execute(&format!(
        "INSERT INTO rates.uploads (subject, idempotency_key, format, coding, dry_run, lease_until)
         SELECT '{}', 'k' || n, 'csv', 'identity', false, now() + interval '1 hour' FROM generate_series(1, 20) AS n",
        owner[0]
    ));
    let refused = upload(&app, &token, "one more", HEADER);
    assert_eq!(refused.header("retry-after"), "5");
    refused.problem(429);
    // A key that is in use is found all the same.
    upload(&app, &token, "k7", HEADER).problem(409);
    create_account(&database, "second@example.org", Role::Ingest);
    let second = crate::support::accounts::log_in(&app, "second@example.org").access;
    assert_eq!(send(request(&app, &second, "1", "").body(HEADER)).status, 202);
}

/// C2, C4: A list of batches does not load their invalid rows.
#[test]
fn memory_does_not_grow_with_the_errors_of_listed_batches() {
    let database = database();
    let (process, app) = process(&database);
    let token = token(&app);
    database.execute(
        "INSERT INTO rates.uploads (subject, format, coding, dry_run, state, ended_at, error_count, errors)
         SELECT 'account:1', 'csv', 'identity', false, 'failed', now(), 1000, e.errors
         FROM generate_series(1, 500), (SELECT jsonb_agg(jsonb_build_object('line', n, 'field', 'price', 'reason', 'is not a number')) AS errors
                                        FROM generate_series(1, 1000) AS n) AS e",
    );
    let before = process.peak_memory();
    let list = get_as(&app, &token, "/rates/batches?limit=1000");
    assert_eq!(list.json()["batches"].as_array().unwrap().len(), 501);
    let grown = process.peak_memory().saturating_sub(before);
    assert!(grown < 25 << 10, "{grown} KiB more");
    let path = format!("/rates/batches/{}", list.json()["batches"][0]["id"]);
    let one = get_as(&app, &token, &path).json();
    assert_eq!(one["upload"]["errors"].as_array().unwrap().len(), 1000);
    process.terminate();
    process.wait();
}
