//! Locks that one login holds do not block what others do.

use crate::support::accounts::{
    call_as, create_account, create_and_log_in, get_as, post, register, with_json,
};
use crate::support::app::{App, send};
use crate::support::database::{Database, lines};
use crate::support::mailed_links::token;
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const MODES: [&str; 8] = [
    "ACCESS EXCLUSIVE",
    "EXCLUSIVE",
    "SHARE ROW EXCLUSIVE",
    "SHARE",
    "SHARE UPDATE EXCLUSIVE",
    "ROW EXCLUSIVE",
    "ROW SHARE",
    "ACCESS SHARE",
];

/// Opens a transaction as this login and takes every lock that it can take without waiting: advisory locks, and on each table
/// the strongest lock. Returns the connection and the names of the locked tables.
fn hold_locks(database: &Database, login: &str, before: &str) -> (PgConnection, Vec<String>) {
    let mut conn = database.login(login);
    let tables = database.lines(
        "SELECT c.oid::regclass::text AS line FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind = 'r' AND nspname IN ('rates', 'accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo', 'access')",
    );
    conn.batch_execute(&format!("BEGIN; {before}")).unwrap();
    let _ = lines(
        &mut conn,
        "SELECT pg_try_advisory_lock(7261621)::text || count(*) AS line FROM generate_series(1, 20) account,
         LATERAL (SELECT pg_try_advisory_lock(2003399528, hashint8(account))) l",
    )
    .unwrap();
    let mut locked = Vec::new();
    for table in tables {
        for mode in MODES {
            conn.batch_execute("SAVEPOINT s").unwrap();
            if conn
                .batch_execute(&format!("LOCK TABLE {table} IN {mode} MODE NOWAIT"))
                .is_ok()
            {
                locked.push(format!("{table} {mode}"));
                break;
            }
            conn.batch_execute("ROLLBACK TO s").unwrap();
        }
    }
    (conn, locked)
}

/// K3: While every login that does not manage accounts holds every lock that it can take, accounts are managed and rates read
/// as before: also where a provider's superuser owns the advisory lock functions.
#[test]
fn locks_of_other_logins_do_not_block_administration() {
    let database = Database::with_data(&small());
    database.execute(
        "GRANT EXECUTE ON FUNCTION pg_try_advisory_lock(bigint), pg_try_advisory_lock(int, int) TO PUBLIC",
    );
    let app = App::start(&database.settings(&[("REGISTRATION", "first-admin")]));
    assert_eq!(
        register(&app, "New", "new@example.org", "a quiet mountain lake").status,
        202
    );
    let confirm = json!({
        "token": token(&database, "confirm", "new@example.org"),
        "password": "a quiet mountain lake",
    });
    let root = create_and_log_in(&app, &database, "root@example.org", Role::Admin);
    let carl = create_and_log_in(&app, &database, "carl@example.org", Role::User);
    let ann = create_account(&database, "ann@example.org", Role::User);
    let bob = create_account(&database, "bob@example.org", Role::User);
    let rows = format!(
        "SELECT set_config('portcullis.account_id', '{ann}', true);
         INSERT INTO wishes.wishes (account_id, title) VALUES ({ann}, 'held')"
    );
    let held = ["rates", "ingest", "mail", "demo", "wishes"].map(|login| {
        let (conn, locked) = hold_locks(&database, login, if login == "wishes" { &rows } else { "" });
        (login, conn, locked)
    });
    assert_eq!(get_as(&app, &root, "/users").status, 200);
    assert_eq!(app.get(QUERY).status, 200);
    let user = format!("/user?id={ann}");
    let promotion = app.request("PUT", &format!("/user?id={bob}"));
    let promotion = promotion.bearer_auth(&root).header("if-match", "*");
    let operations = [
        call_as(&app, &root, "DELETE", &user, &Value::Null),
        send(with_json(
            promotion,
            &json!({"email": "bob@example.org", "role": "admin"}).to_string(),
        )),
        call_as(
            &app,
            &root,
            "POST",
            "/user",
            &json!({"email": "fresh@example.org"}),
        ),
        call_as(&app, &carl, "DELETE", "/auth/me", &Value::Null),
        post(&app, "/auth/confirm", &confirm),
        post(&app, "/auth/forgot", &json!({"email": "root@example.org"})),
    ];
    let locks: Vec<_> = held.iter().map(|(login, _, locked)| (login, locked)).collect();
    for (index, response) in operations.iter().enumerate() {
        assert!(
            response.status < 300,
            "operation {index}: {response:?}; {locks:#?}"
        );
    }
}
