//! Operations of signed-in users while a resource is exhausted: an unresponsive database, an exhausted pool, slow bodies.

use crate::support::accounts::{PASSWORD, call_as, create_account, get_as, log_in, post, try_log_in};
use crate::support::app::{App, wait_for_status};
use crate::support::browser::Browser;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An operation: its name and its request.
type Operation<'a> = (&'static str, Box<dyn Fn() -> Response + 'a>);

/// Checks that the status is 503 with `Retry-After`.
fn assert_unavailable(what: &str, response: &Response) {
    assert_eq!(response.status, 503, "{what}: {response:?}");
    assert!(
        response.header("retry-after").parse::<u32>().unwrap() >= 1,
        "{what}"
    );
}

/// A5: While the database does not respond, operations of signed-in users end with 503; afterwards they work with the same
/// tokens.
#[test]
fn an_unresponsive_database_does_not_hang_signed_in_users() {
    let database = Database::fresh();
    let proxy = TcpProxy::to(&database.server);
    let app = App::start(&database.settings(&proxy.short_timeout_settings()));
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&app, "ann@example.org");
    let browser = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let operations: [Operation<'_>; 6] = [
        ("me", Box::new(|| get_as(&app, &ann.access, "/auth/me"))),
        ("wishes", Box::new(|| get_as(&app, &ann.access, "/wishes"))),
        (
            "wish",
            Box::new(|| call_as(&app, &ann.access, "POST", "/wishes", &json!({"title": "w"}))),
        ),
        (
            "log in",
            Box::new(|| try_log_in(&app, "ann@example.org", PASSWORD)),
        ),
        (
            "forgot",
            Box::new(|| post(&app, "/auth/forgot", &json!({"email": "ann@example.org"}))),
        ),
        ("page", Box::new(|| browser.get("/my/wishes"))),
    ];
    proxy.freeze();
    for (what, request) in &operations {
        let start = Instant::now();
        let response = request();
        assert_unavailable(what, &response);
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{what}: {:?}",
            start.elapsed()
        );
    }
    assert_eq!(app.get("/health/live").status, 200);
    proxy.thaw();
    wait_for_status(200, Duration::from_secs(5), || {
        get_as(&app, &ann.access, "/auth/me")
    });
    for (what, request) in &operations {
        wait_for_status(success_status(what), Duration::from_secs(5), request);
    }
}

/// The status of an operation that succeeds.
fn success_status(what: &str) -> u16 {
    match what {
        "wish" => 201,
        "forgot" => 202,
        _ => 200,
    }
}

/// E17, B14: While every connection of the accounts pool is blocked, `/rates` is not delayed, and requests that need that pool
/// end with 503 in bounded time.
#[test]
fn an_exhausted_accounts_pool_does_not_delay_rates() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("DATABASE_ACQUIRE_TIMEOUT", "1000")]));
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&app, "ann@example.org");
    assert_eq!(app.get(QUERY).status, 200);
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; LOCK sessions.sessions, sessions.throttles IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let slowest = std::thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            concurrently(40, |number| {
                let start = Instant::now();
                let response = match number % 2 {
                    0 => try_log_in(&app, "ann@example.org", PASSWORD),
                    _ => get_as(&app, &ann.access, "/auth/me"),
                };
                assert_unavailable("blocked", &response);
                start.elapsed()
            })
        });
        sleep(Duration::from_millis(300));
        let mut slowest = Duration::ZERO;
        for _ in 0..200 {
            let start = Instant::now();
            assert_eq!(app.get(QUERY).status, 200);
            slowest = slowest.max(start.elapsed());
        }
        assert_eq!(app.get("/health/ready").status, 200);
        let waited = blocked.join().unwrap().into_iter().max().unwrap();
        assert!(waited < Duration::from_secs(9), "{waited:?}");
        slowest
    });
    assert!(slowest < Duration::from_millis(900), "{slowest:?}");
    holder.batch_execute("ROLLBACK").unwrap();
    wait_for_status(200, Duration::from_secs(5), || {
        get_as(&app, &ann.access, "/auth/me")
    });
    assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);
    let busy = database.lines(
        "SELECT count(*)::text AS line FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'",
    );
    assert_eq!(busy, ["0"], "a transaction is still open");
}

/// O4, E17: Request bodies that arrive a byte at a time occupy no thread, database connection or slot of the hashing queue,
/// and are cut off in time.
#[test]
fn slow_bodies_occupy_no_shared_resource() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[
        ("CLIENT_TIMEOUT", "3"),
        ("DATABASE_ACCOUNTS_POOL_SIZE", "1"),
        ("HASH_QUEUE", "1"),
    ]));
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&app, "ann@example.org").access;
    let bearer = format!("Authorization: Bearer {ann}\r\n");
    let mut slow: Vec<RawConnection> = Vec::new();
    for path in [
        "/auth/login",
        "/auth/register",
        "/auth/refresh",
        "/auth/reset",
        "/wishes",
        "/user",
    ] {
        for _ in 0..10 {
            let mut raw = RawConnection::connect(app.address);
            raw.send(format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}Content-Type: application/json\r\n\
                 Content-Length: 200\r\n\r\n{{\"email\":\"ann"
            ));
            slow.push(raw);
        }
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);
        assert_eq!(
            call_as(&app, &ann, "POST", "/wishes", &json!({"title": "w"})).status,
            201
        );
        for raw in &mut slow {
            raw.send(" ");
        }
        sleep(Duration::from_millis(100));
    }
    for raw in &mut slow {
        assert!(raw.wait_until_closed() < Duration::from_secs(8));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
