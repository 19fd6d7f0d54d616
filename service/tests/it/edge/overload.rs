//! Database overload, batching under load, and clients that disconnect.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use portcullis::domain::data_version::await_announcement;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Every answer needs the database.
const UNCACHED: (&str, &str) = ("RATES_CACHE_SIZE", "0");

/// Locks the table of daily rates until the connection is dropped.
fn lock_rates(database: &Database) -> PgConnection {
    let mut conn = database.admin();
    conn.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    conn
}

/// O1: While every database connection is busy, requests are 503 after the configured wait.
#[test]
fn an_exhausted_pool_is_503_after_the_configured_wait() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[
        ("DATABASE_POOL_SIZE", "1"),
        ("DATABASE_ACQUIRE_TIMEOUT", "300"),
        UNCACHED,
    ]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = lock_rates(&database);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| app.get(QUERY).status);
        sleep(Duration::from_millis(100));
        let start = Instant::now();
        let refused = app.get(QUERY);
        let waited = start.elapsed();
        let problem = refused.problem(503);
        assert_eq!(
            problem["detail"],
            "too many requests are waiting for the database"
        );
        assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert!(
            (Duration::from_millis(250)..Duration::from_millis(1_800)).contains(&waited),
            "{waited:?}"
        );
        assert_eq!(app.get("/health/live").status, 200);
        drop(held);
        assert_eq!(first.join().unwrap(), 200);
    });
    assert_eq!(app.get(QUERY).status, 200);
}

/// O1: A statement that exceeds the timeout is cancelled and answered with 503, and its connection is reused.
#[test]
fn a_statement_that_exceeds_the_timeout_is_503() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("DATABASE_STATEMENT_TIMEOUT", "200"), UNCACHED]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = lock_rates(&database);
    let start = Instant::now();
    let refused = app.get(QUERY);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(refused.problem(503)["detail"], "the database took too long");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    drop(held);
    assert_eq!(app.get(QUERY).status, 200);
}

/// O4: The connection of a request whose client disconnected returns to the pool when its statement ends, not before.
#[test]
fn disconnecting_clients_leave_the_pool_intact() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[
        ("DATABASE_POOL_SIZE", "2"),
        ("DATABASE_ACQUIRE_TIMEOUT", "1000"),
        UNCACHED,
    ]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = lock_rates(&database);
    for _ in 0..10 {
        let mut raw = RawConnection::connect(app.address);
        raw.send(format!("GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        sleep(Duration::from_millis(10));
        drop(raw);
    }
    let busy = "SELECT count(*)::text AS line FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'portcullis_rates' AND state = 'active'";
    let active: u32 = database.lines(busy)[0].parse().unwrap();
    assert!((1..=2).contains(&active), "{active} statements run at once");
    drop(held);
    sleep(Duration::from_millis(200));
    for _ in 0..4 {
        let start = Instant::now();
        assert_eq!(app.get(QUERY).status, 200);
        assert!(
            start.elapsed() < Duration::from_millis(900),
            "{:?}",
            start.elapsed()
        );
    }
    assert_eq!(database.lines(busy), ["0"]);
}

/// P3: Of many concurrent clients all are served, by a pool of two connections.
#[test]
fn many_concurrent_clients_are_all_served() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("DATABASE_POOL_SIZE", "2"), UNCACHED]));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| (0..5).map(|_| app.get(QUERY).status).collect::<Vec<_>>()))
            .collect();
        for client in clients {
            assert_eq!(client.join().unwrap(), [200; 5]);
        }
    });
    let opened = database.lines(
        "SELECT count(*)::text AS line FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portcullis-rates'",
    );
    // One more reads the version of the data.
    assert_eq!(opened, ["3"]);
}

/// B1: Batched lookups each get their own result: rates, none, or an unknown place.
#[test]
fn batched_lookups_each_get_their_own_result() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("DATABASE_POOL_SIZE", "1")]));
    let places = [
        "CNGGZ", "CNSGH", "EETLL", "FIHEL", "NOOSL", "baltic", "asia", "world", "ZZZZZ", "nowhere",
    ];
    let paths: Vec<String> = (0..100)
        .map(|number| {
            let (from, to, first) = (places[number % 10], places[number / 10], 28 + number % 4);
            format!("/rates?date_from=2021-01-{first}&date_to=2021-01-31&orig_code={from}&dest_code={to}")
        })
        .collect();
    let ask = |path: &String| {
        let response = app.get(path);
        let errors = response.json()["errors"].clone();
        (
            response.status,
            if response.status == 200 {
                response.json()
            } else {
                errors
            },
        )
    };
    let sequential: Vec<_> = paths.iter().map(ask).collect();
    assert!(sequential.iter().any(|one| one.0 == 200) && sequential.iter().any(|one| one.0 == 404));
    std::thread::scope(|scope| {
        for start in 0..20 {
            let (paths, sequential, ask) = (&paths, &sequential, &ask);
            scope.spawn(move || {
                for step in 0..50 {
                    let number = (start * 37 + step * 7) % 100;
                    assert_eq!(ask(&paths[number]), sequential[number], "{}", paths[number]);
                }
            });
        }
    });
}

/// B1: Lookups that wait at the same time share a statement; with `DATABASE_BATCHING=off` each is a statement of its own.
#[test]
fn batching_is_optional() {
    const CLIENTS: usize = 8;
    let statements = |batching| {
        let database = Database::with_data(&small());
        let settings = [
            ("DATABASE_POOL_SIZE", "1"),
            ("DATABASE_BATCHING", batching),
            UNCACHED,
        ];
        let app = App::start(&database.settings(&settings));
        let held = lock_rates(&database);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| app.get(QUERY))).collect();
            sleep(Duration::from_millis(500));
            drop(held);
            for client in clients {
                let response = client.join().unwrap();
                assert_eq!(
                    (response.status, &response.json()["rates"][0]["count"]),
                    (200, &3.into())
                );
            }
        });
        let page = app.get_internal("/metrics");
        let line = page
            .text()
            .lines()
            .find(|line| line.starts_with("db_statements_total") && line.contains("\"list_daily_rates\""));
        line.unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    assert_eq!(statements("off"), CLIENTS);
    assert!(statements("on") < CLIENTS);
}

/// C6: Readers see the previous sums until an import commits, and do not wait for it.
#[test]
fn readers_do_not_wait_for_an_import() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let mut writer = database.login("ingest");
    writer
        .batch_execute("BEGIN; INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)")
        .unwrap();
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 3);
    writer.batch_execute("COMMIT").unwrap();
    await_announcement();
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 4);
}
