//! The rate limit per client address, read from `RateLimit` by a structured-field parser.

use crate::support::app::{App, send};
use crate::support::database::Database;
use sfv::{BareItem, List, ListEntry, Parser};

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
        assert_eq!(limit[1], ("t".to_owned(), 20 * (3 - remaining)));
    }
    let refused = app.get("/version");
    refused.problem(429);
    assert_eq!(parse_item(refused.header("ratelimit")).1[0], ("r".to_owned(), 0));
    assert_eq!(
        parse_item(refused.header("ratelimit-policy")).1[0],
        ("q".to_owned(), 3)
    );
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
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
