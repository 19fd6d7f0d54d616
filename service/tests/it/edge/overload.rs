//! Too much work for the database, and clients that go away meanwhile.
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Holds the sums so that nobody can read them, until it is dropped.
fn hold(database: &Database) -> PgConnection {
    let mut conn = database.admin();
    conn.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    conn
}

/// P, O1: whoever finds every connection busy is told so within the wait.
#[test]
fn an_exhausted_pool_is_503_within_the_wait() {
    let database = Database::with(&small());
    let app =
        App::start(&database.settings(&[("DATABASE_POOL_SIZE", "1"), ("DATABASE_ACQUIRE_TIMEOUT", "300")]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = hold(&database);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| app.get(QUERY).status);
        sleep(Duration::from_millis(100));
        let begun = Instant::now();
        let refused = app.get(QUERY);
        let waited = begun.elapsed();
        let problem = refused.problem(503);
        assert_eq!(problem["detail"], "too many requests wait for the database");
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

/// O1: the server ends a statement that runs too long, and the connection is good for the next.
#[test]
fn a_statement_that_takes_too_long_is_503() {
    let database = Database::with(&small());
    let app = App::start(&database.settings(&[("DATABASE_STATEMENT_TIMEOUT", "200")]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = hold(&database);
    let begun = Instant::now();
    let refused = app.get(QUERY);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(refused.problem(503)["detail"], "the database took too long");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    drop(held);
    assert_eq!(app.get(QUERY).status, 200);
}

/// O4: the place of a request whose client hung up is free again when its statement ends, not before.
#[test]
fn clients_that_go_away_leave_the_pool_whole() {
    let database = Database::with(&small());
    let app =
        App::start(&database.settings(&[("DATABASE_POOL_SIZE", "2"), ("DATABASE_ACQUIRE_TIMEOUT", "1000")]));
    assert_eq!(app.get(QUERY).status, 200);
    let held = hold(&database);
    for _ in 0..10 {
        let mut raw = RawConnection::to(app.address);
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
        let begun = Instant::now();
        assert_eq!(app.get(QUERY).status, 200);
        assert!(
            begun.elapsed() < Duration::from_millis(900),
            "{:?}",
            begun.elapsed()
        );
    }
    assert_eq!(database.lines(busy), ["0"]);
}

/// P3: many at once are served one after the other, and nobody is left out.
#[test]
fn many_clients_at_once_are_all_served() {
    let database = Database::with(&small());
    let app = App::start(&database.settings(&[("DATABASE_POOL_SIZE", "2")]));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| (0..5).map(|_| app.get(QUERY).status).collect::<Vec<_>>()))
            .collect();
        for client in clients {
            assert_eq!(client.join().unwrap(), [200; 5]);
        }
    });
    let opened = database.lines(
        "SELECT count(*)::text AS line FROM pg_stat_activity WHERE datname = current_database() AND usename = 'portcullis_rates'",
    );
    assert_eq!(opened, ["2"]);
}

/// B1: look-ups that wait together share a statement: each gets its own response all the same, found, empty or unknown.
#[test]
fn answers_are_never_mixed_up() {
    let database = Database::with(&small());
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
    let alone: Vec<_> = paths.iter().map(ask).collect();
    assert!(alone.iter().any(|one| one.0 == 200) && alone.iter().any(|one| one.0 == 404));
    std::thread::scope(|scope| {
        for start in 0..20 {
            let (paths, alone, ask) = (&paths, &alone, &ask);
            scope.spawn(move || {
                for step in 0..50 {
                    let number = (start * 37 + step * 7) % 100;
                    assert_eq!(ask(&paths[number]), alone[number], "{}", paths[number]);
                }
            });
        }
    });
}

/// C6: a reader sees the old sums until the batch is committed, and is not held up by it.
#[test]
fn readers_do_not_wait_for_an_import() {
    let database = Database::with(&small());
    let app = App::over(&database);
    let mut writer = database.login("ingest");
    writer
        .batch_execute("BEGIN; INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)")
        .unwrap();
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 3);
    writer.batch_execute("COMMIT").unwrap();
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 4);
}
