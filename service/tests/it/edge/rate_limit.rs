//! The rate limit per client address, read from `RateLimit` by a structured-field parser.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::send_request;
use reqwest::blocking::Client;
use sfv::{BareItem, List, ListEntry, Parser};
use std::net::{IpAddr, Ipv4Addr};

/// The name and the parameters of the only item of a list.
fn parse_item(field: &str) -> (String, Vec<(String, i64)>) {
    let list: List = Parser::new(field)
        .parse()
        .unwrap_or_else(|error| panic!("{field}: {error}"));
    assert_eq!(list.len(), 1, "{field}");
    let ListEntry::Item(item) = &list[0] else {
        panic!("{field} holds a list")
    };
    let BareItem::String(name) = &item.bare_item else {
        panic!("{field} names no policy")
    };
    let parameters = item.params.iter().map(|(key, value)| {
        let BareItem::Integer(value) = value else {
            panic!("{field}: {key:?} is no number")
        };
        (key.as_str().to_owned(), i64::from(*value))
    });
    (name.as_str().to_owned(), parameters.collect())
}

fn app(rate: &str) -> App {
    App::start(&Database::not_created().settings(&[("RATE_LIMIT", rate)]))
}

/// O8: `RateLimit-Policy` and `RateLimit` report the quota and what remains; beyond it requests are 429 with `Retry-After`.
#[test]
fn the_remaining_quota_is_reported_and_enforced() {
    let app = app("3");
    for remaining in [2, 1, 0] {
        let response = app.get("/version");
        assert_eq!(response.status, 200);
        let (name, policy) = parse_item(response.header("ratelimit-policy"));
        assert_eq!(policy, [("q".to_owned(), 3), ("w".to_owned(), 60)]);
        let (limit_name, limit) = parse_item(response.header("ratelimit"));
        assert_eq!(limit_name, name);
        assert_eq!(limit[0], ("r".to_owned(), remaining));
        // Until all are available again, or, when none is, until the next one is.
        let reset = if remaining == 0 { 20 } else { 20 * (3 - remaining) };
        assert_eq!(limit[1], ("t".to_owned(), reset));
    }
    let refused = app.get("/version");
    refused.problem(429);
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    let limit = parse_item(refused.header("ratelimit")).1;
    // `Retry-After` must not be earlier than the reset.
    assert_eq!(limit, [("r".to_owned(), 0), ("t".to_owned(), i64::from(wait))]);
    assert_eq!(
        parse_item(refused.header("ratelimit-policy")).1[0],
        ("q".to_owned(), 3)
    );
    assert!((1..=20).contains(&wait), "{wait}");
}

/// O8: Requests that are rejected before their path is looked at count as well: with a wrong Host, none or two, or too large a
/// head; so do those that name two clients.
#[test]
fn requests_with_a_wrong_host_or_head_count() {
    let long = "x".repeat(17_000);
    let heads = [
        ("Host: elsewhere.example\r\n".to_owned(), 421),
        (String::new(), 400),
        ("Host: a\r\nHost: b\r\n".to_owned(), 400),
        (format!("Host: localhost\r\nX-Long: {long}\r\n"), 431),
    ];
    for (head, status) in heads {
        let app = app("2");
        let get = || send_request(app.address, format!("GET /version HTTP/1.1\r\n{head}\r\n"));
        for remaining in ["r=1", "r=0"] {
            let refused = get();
            refused.problem(status);
            assert!(refused.header("ratelimit").contains(remaining), "{head:.60}");
        }
        get().problem(429);
        app.get("/version").problem(429);
    }
}

/// O8: Requests that the HTTP library rejects count as well, except those of a trusted proxy, which are not its own.
#[test]
fn malformed_requests_count() {
    let malformed = |app: &App| send_request(app.address, "GET / HTTP/1.1\r\nno field\r\n\r\n");
    let limited = app("2");
    for remaining in ["r=1", "r=0"] {
        let refused = malformed(&limited);
        refused.problem(400);
        assert!(refused.header("ratelimit").contains(remaining));
    }
    let refused = malformed(&limited);
    refused.problem(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    limited.get("/version").problem(429);
    let settings = [("RATE_LIMIT", "2"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let behind_proxy = App::start(&Database::not_created().settings(&settings));
    for _ in 0..5 {
        malformed(&behind_proxy).problem(400);
    }
    assert_eq!(behind_proxy.get("/version").status, 200);
}

/// O8: The clients of one wider network share a larger quota.
#[test]
fn a_wider_network_has_a_larger_quota() {
    let app = app("2");
    let get = |client: u8| {
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 9, client));
        let client = Client::builder()
            .no_proxy()
            .local_address(address)
            .build()
            .unwrap();
        send(client.get(format!("http://{}/version", app.address))).status
    };
    let statuses: Vec<u16> = (1..=20).flat_map(|client| [get(client), get(client)]).collect();
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(statuses[..32], [200; 32]);
    // On a slow machine a few become available again.
    assert!(accepted < 40, "{statuses:?}");
}

/// O8: Rejected requests count as well, and forwarding headers do not change the client address.
#[test]
fn rejected_requests_count_and_forwarding_headers_are_ignored() {
    let app = app("2");
    app.get("/nothing").problem(404);
    app.get("/rates").problem(400);
    for (name, value) in [
        ("X-Forwarded-For", "192.0.2.1"),
        ("Forwarded", "for=192.0.2.2"),
        ("X-Real-IP", "192.0.2.3"),
        ("X-Client-IP", "192.0.2.4"),
        ("CF-Connecting-IP", "192.0.2.5"),
    ] {
        send(app.request("GET", "/version").header(name, value)).problem(429);
    }
}

/// O8: After `Retry-After` one request is accepted again.
#[test]
fn after_retry_after_a_request_is_accepted() {
    let app = app("60");
    let refused = (0..100)
        .map(|_| app.get("/version"))
        .find(|response| response.status == 429)
        .expect("no answer was 429");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!(wait <= 2, "{wait}");
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(app.get("/version").status, 200);
}
