//! The limit on requests, as a structured-field parser reads it.
use crate::support::app::{App, send};
use crate::support::database::Database;
use sfv::{BareItem, List, ListEntry, Parser};

/// The one item of a list: its name and its parameters.
fn item(field: &str) -> (String, Vec<(String, i64)>) {
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
    App::start(&Database::unmade().settings(&[("RATE_LIMIT", rate)]))
}

/// O8
#[test]
fn the_quota_is_told_and_counts_down() {
    let app = app("3");
    for left in [2, 1, 0] {
        let response = app.get("/version");
        assert_eq!(response.status, 200);
        let (name, policy) = item(response.header("ratelimit-policy"));
        assert_eq!(policy, [("q".to_owned(), 3), ("w".to_owned(), 60)]);
        let (own, limit) = item(response.header("ratelimit"));
        assert_eq!(own, name);
        assert_eq!(limit[0], ("r".to_owned(), left));
        assert_eq!(limit[1], ("t".to_owned(), 20 * (3 - left)));
    }
    let refused = app.get("/version");
    refused.problem(429);
    assert_eq!(item(refused.header("ratelimit")).1[0], ("r".to_owned(), 0));
    assert_eq!(item(refused.header("ratelimit-policy")).1[0], ("q".to_owned(), 3));
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
}

/// O8: refusals count as well, and what a sender says about its address counts nothing.
#[test]
fn refusals_count_and_a_spoofed_address_does_not() {
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

/// O8: after the wait that was told, one request is let in again.
#[test]
fn after_the_told_wait_the_client_is_let_in() {
    let app = app("60");
    let refused = (0..100)
        .map(|_| app.get("/version"))
        .find(|response| response.status == 429)
        .expect("a refusal");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!(wait <= 2, "{wait}");
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(app.get("/version").status, 200);
}
