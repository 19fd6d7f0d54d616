//! Isolation between owners of wishes: by the filter of every query, and by row-level security should a query lack it.

use crate::support::accounts::{call_as, create_account, create_and_log_in, get_as, with_json};
use crate::support::app::{App, send};
use crate::support::database::{Database, lines};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use portcullis::db::Db;
use portcullis::db::conninfo::{Purpose, WriteTarget};
use portcullis::db::schema::wishes::wishes;
use portcullis::db::wishes as rows;
use portcullis::telemetry::logs::Telemetry;
use portcullis::types::account::AccountId;
use portcullis::types::role::Role;
use serde_json::json;

/// G6: Every operation answers 404 for another account's wish, also for administrators, and changes nothing.
#[test]
fn another_accounts_wish_is_not_found() {
    check_isolation(&Database::fresh());
}

/// G6: The queries filter by owner even with row-level security disabled.
#[test]
fn queries_filter_by_owner_without_row_level_security() {
    let database = Database::fresh();
    database.execute("ALTER TABLE wishes.wishes DISABLE ROW LEVEL SECURITY");
    check_isolation(&database);
}

fn check_isolation(database: &Database) {
    let app = App::over(database);
    let ann = create_and_log_in(&app, database, "ann@example.org", Role::User);
    let made = call_as(&app, &ann, "POST", "/wishes", &json!({"title": "Ann's"}));
    let path = made.header("location").to_owned();
    for (email, role) in [("bob@example.org", Role::User), ("root@example.org", Role::Admin)] {
        let other = create_and_log_in(&app, database, email, role);
        let detail = get_as(&app, &other, &path).problem(404)["detail"].clone();
        let missing = get_as(&app, &other, "/wishes/999999").problem(404)["detail"].clone();
        assert_eq!(detail, missing, "the response reveals that the wish exists");
        for tag in ["*", "\"1\"", "\"9\""] {
            let change = app
                .request("PUT", &path)
                .bearer_auth(&other)
                .header("if-match", tag);
            let body = json!({"title": "Bob's", "note": "", "done": true});
            send(with_json(change, &body.to_string())).problem(404);
            let delete = app.request("DELETE", &path).bearer_auth(&other);
            send(delete.header("if-match", tag)).problem(404);
        }
        send(app.request("DELETE", &path).bearer_auth(&other)).problem(404);
        assert_eq!(get_as(&app, &other, "/wishes").json(), json!({"wishes": []}));
        let second_page = get_as(&app, &other, "/wishes?after=9223372036854775807&done=false");
        assert_eq!(second_page.json(), json!({"wishes": []}));
    }
    assert_eq!(get_as(&app, &ann, &path).json(), made.json());
}

/// Two accounts with two wishes each, and the account ids.
fn two_accounts() -> (Database, i64, i64) {
    let database = Database::fresh();
    let ann = create_account(&database, "ann@example.org", Role::User);
    let bob = create_account(&database, "bob@example.org", Role::User);
    database.execute(&format!(
        "INSERT INTO wishes.wishes (account_id, title) VALUES ({ann}, 'a1'), ({ann}, 'a2'), ({bob}, 'b1'), ({bob}, 'b2');
         ANALYZE wishes.wishes"
    ));
    (database, ann, bob)
}

fn visible_titles(conn: &mut PgConnection) -> Vec<String> {
    lines(conn, "SELECT title AS line FROM wishes.wishes ORDER BY title").unwrap()
}

fn set_account(conn: &mut PgConnection, account: i64) {
    conn.batch_execute(&format!(
        "SELECT set_config('portcullis.account_id', '{account}', true)"
    ))
    .unwrap();
}

/// G6: With the login that serves wishes, a query without a filter sees only the rows of the account set for the transaction.
#[test]
fn a_query_without_filter_sees_only_the_account_of_the_transaction() {
    let (database, ann, bob) = two_accounts();
    let mut conn = database.login("wishes");
    let conn = &mut conn;
    let assert_none =
        |conn: &mut PgConnection, when: &str| assert_eq!(visible_titles(conn), [""; 0], "{when}");
    assert_none(conn, "before any setting");
    conn.batch_execute("PREPARE everything AS SELECT title AS line FROM wishes.wishes ORDER BY title")
        .unwrap();
    for (account, own) in [(ann, ["a1", "a2"]), (bob, ["b1", "b2"])] {
        conn.batch_execute("BEGIN").unwrap();
        set_account(conn, account);
        assert_eq!(visible_titles(conn), own);
        // More executions than the server plans individually before it caches a generic plan (five).
        for _ in 0..8 {
            assert_eq!(lines(conn, "EXECUTE everything").unwrap(), own);
        }
        conn.batch_execute("RESET portcullis.account_id").unwrap();
        assert_none(conn, "after RESET");
        set_account(conn, account);
        conn.batch_execute("COMMIT").unwrap();
        assert_none(conn, "after the transaction");
        assert_eq!(lines(conn, "EXECUTE everything").unwrap(), [""; 0]);
        conn.batch_execute("BEGIN").unwrap();
        set_account(conn, account);
        conn.batch_execute("ROLLBACK").unwrap();
        assert_none(conn, "after a transaction that was rolled back");
    }
    conn.batch_execute("SET portcullis.account_id = ''").unwrap();
    assert_none(conn, "with an empty setting");
    conn.batch_execute("SET portcullis.account_id = 'x'").unwrap();
    assert!(lines(conn, "SELECT title AS line FROM wishes.wishes").is_err());
    conn.batch_execute("DISCARD ALL").unwrap();
    assert_none(conn, "after DISCARD");
}

/// G6: A change without a filter affects only the account's own wishes, and no wish can be inserted for another account.
#[test]
fn a_change_without_filter_affects_only_the_accounts_own_rows() {
    let (database, ann, bob) = two_accounts();
    let mut conn = database.login("wishes");
    let conn = &mut conn;
    let count = |conn: &mut PgConnection, statement: &str| diesel::sql_query(statement).execute(conn);
    for statement in [
        "UPDATE wishes.wishes SET title = 'mine'",
        "DELETE FROM wishes.wishes",
    ] {
        assert_eq!(count(conn, statement), Ok(0), "{statement}, without a setting");
    }
    let insert = format!("INSERT INTO wishes.wishes (account_id, title) VALUES ({bob}, 'forged')");
    assert!(count(conn, &insert).is_err(), "without a setting");
    conn.begin_test_transaction().unwrap();
    set_account(conn, ann);
    let of_bob = format!("WHERE account_id = {bob}");
    assert_eq!(
        count(conn, &format!("UPDATE wishes.wishes SET title = 'x' {of_bob}")),
        Ok(0)
    );
    assert_eq!(count(conn, &format!("DELETE FROM wishes.wishes {of_bob}")), Ok(0));
    let locked = format!("SELECT title AS line FROM wishes.wishes {of_bob} FOR UPDATE");
    assert_eq!(lines(conn, &locked).unwrap(), [""; 0]);
    assert_eq!(count(conn, "UPDATE wishes.wishes SET title = 'mine'"), Ok(2));
    let refused = [
        (insert.as_str(), "row-level security"),
        ("UPDATE wishes.wishes SET account_id = 1", "permission denied"),
        ("TRUNCATE wishes.wishes", "permission denied"),
        (
            "ALTER TABLE wishes.wishes DISABLE ROW LEVEL SECURITY",
            "must be owner",
        ),
        ("DROP POLICY wishes_owner ON wishes.wishes", "must be owner"),
        (
            "SET LOCAL row_security = off; SELECT FROM wishes.wishes",
            "row-level security",
        ),
        ("SELECT last_value FROM wishes.wishes_id_seq", "permission denied"),
        ("SET ROLE portcullis_owner", "permission denied"),
        (
            "SET SESSION AUTHORIZATION portcullis_accounts",
            "permission denied",
        ),
        ("SELECT FROM accounts.accounts", "permission denied"),
        ("SELECT FROM accounts.credentials", "permission denied"),
        (
            "SELECT accounts.credential_for('ann@example.org', NULL)",
            "permission denied",
        ),
        ("SELECT FROM sessions.sessions", "permission denied"),
        ("SELECT FROM mail.outbox", "permission denied"),
        ("SELECT FROM audit.events", "permission denied"),
        ("SELECT FROM demo.entries", "permission denied"),
        ("SELECT FROM rates.daily_rates", "permission denied"),
        ("SELECT FROM pg_authid", "permission denied"),
    ];
    for (statement, reason) in refused {
        conn.batch_execute("SAVEPOINT here").unwrap();
        let error = conn.batch_execute(statement).expect_err(statement).to_string();
        assert!(error.contains(reason), "{statement}: {error}");
        conn.batch_execute("ROLLBACK TO here").unwrap();
    }
    let samples = "SELECT tablename::text AS line FROM pg_stats WHERE schemaname = 'wishes'";
    assert_ne!(
        database.lines(samples),
        [""; 0],
        "the statistics hold sample values"
    );
    assert_eq!(
        lines(conn, samples).unwrap(),
        [""; 0],
        "this login cannot read the statistics"
    );
}

/// G6: A pooled connection with its prepared statements carries no account over to the next request.
#[test]
fn a_pooled_connection_carries_no_account_over() {
    let (database, ann, bob) = two_accounts();
    let settings = database.settings(&[("DATABASE_WISHES_POOL_SIZE", "1")]);
    let telemetry = Telemetry::quiet().unwrap();
    let (server, purpose) = (&settings.database, Purpose::Change(WriteTarget::Wishes));
    let db = Db::start(server, &server.wishes, purpose, telemetry.metrics).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let unfiltered = || {
        runtime.block_on(db.run("unfiltered", |conn| {
            let pid = lines(conn, "SELECT pg_backend_pid()::text AS line")?;
            Ok((pid, wishes::table.select(wishes::title).load::<String>(conn)?))
        }))
    };
    let (pid, titles) = unfiltered().unwrap();
    assert_eq!(titles, [""; 0]);
    for account in [ann, bob, ann] {
        let account = AccountId::of(account);
        let own = runtime
            .block_on(rows::list(&db, account, None, None, 10))
            .unwrap();
        assert_eq!(own.len(), 2);
        assert_eq!(unfiltered().unwrap(), (pid.clone(), Vec::new()), "after a read");
        let made = runtime.block_on(rows::insert(&db, account, "more".into(), String::new(), 2));
        assert_eq!(made, Ok(None), "the limit of two is reached");
        assert_eq!(unfiltered().unwrap(), (pid.clone(), Vec::new()), "after a change");
        let failed = runtime.block_on(rows::insert(&db, account, String::new(), String::new(), 9));
        assert!(failed.is_err(), "an empty title violates a constraint");
        assert_eq!(
            unfiltered().unwrap(),
            (pid.clone(), Vec::new()),
            "after a failure"
        );
    }
    db.close();
}
