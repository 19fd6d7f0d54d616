//! The privileges that each database login lacks, tested as that login.

use crate::support::database::{Database, PASSWORDS, lines};
use crate::support::sample_data::small;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

/// Checks that every statement fails for lack of a privilege, not for any other reason.
fn assert_denied(conn: &mut PgConnection, statements: &[&str]) {
    for statement in statements {
        let error = conn.batch_execute(statement).expect_err(statement).to_string();
        let reasons = [
            "permission denied",
            "must be owner",
            "must be member",
            "must be superuser",
            "cannot execute",
        ];
        assert!(
            reasons.iter().any(|reason| error.contains(reason)),
            "{statement}: {error}"
        );
        let _ = conn.batch_execute("ROLLBACK");
    }
}

const SCHEMA_CHANGES: [&str; 12] = [
    "CREATE TABLE public.x (a int)",
    "CREATE TABLE rates.x (a int)",
    "CREATE TABLE portcullis.x (a int)",
    "CREATE TEMP TABLE x (a int)",
    "CREATE SCHEMA x",
    "CREATE ROLE x",
    "ALTER TABLE rates.prices DISABLE TRIGGER ALL",
    "DROP TABLE rates.routes",
    "CREATE OR REPLACE FUNCTION rates.roll_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET ROLE portcullis_owner",
    "SET ROLE portcullis_migrator",
    "INSERT INTO portcullis.__diesel_schema_migrations (version) VALUES ('9')",
];

/// K3: The login `rates` can read sums and places, and nothing else.
#[test]
fn the_rates_login_reads_sums_and_places_only() {
    let database = Database::with_data(&small());
    let mut conn = database.login("rates");
    for table in ["daily_rates", "routes", "ports", "regions", "place_ancestors"] {
        let count = lines(
            &mut conn,
            &format!("SELECT count(*)::text AS line FROM rates.{table}"),
        )
        .unwrap();
        assert_ne!(count, ["0"], "{table}");
    }
    assert_denied(&mut conn, &SCHEMA_CHANGES);
    assert_denied(
        &mut conn,
        &[
            "SELECT FROM rates.prices",
            "SELECT digest FROM rates.batches",
            "INSERT INTO rates.routes VALUES ('CNGGZ', 'CNGGZ')",
            "SELECT FROM rates.computed_daily_rates",
            "INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-01', 1)",
            "INSERT INTO rates.ports VALUES ('AAAAA', 'a', 'asia')",
            "UPDATE rates.daily_rates SET price_sum = 0",
            "DELETE FROM rates.daily_rates",
            "UPDATE rates.regions SET name = 'x'",
            "SELECT rates.rebuild_daily_rates()",
            "SELECT FROM pg_authid",
            "SET ROLE portcullis_rates_writer",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SELECT pg_read_file('/etc/passwd')",
        ],
    );
}

/// K3: The login `ingest` can add prices, and change none.
#[test]
fn the_ingest_login_adds_prices_and_changes_none() {
    let database = Database::with_data(&small());
    let mut conn = database.login("ingest");
    conn.batch_execute("INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-01', 1)")
        .unwrap();
    assert_denied(&mut conn, &SCHEMA_CHANGES);
    assert_denied(
        &mut conn,
        &[
            "SELECT FROM rates.prices",
            "SELECT FROM rates.daily_rates",
            "UPDATE rates.prices SET price = 0",
            "DELETE FROM rates.prices",
            "TRUNCATE rates.prices",
            "INSERT INTO rates.daily_rates VALUES ('CNGGZ', 'EETLL', '2021-01-01', 1, 1)",
            "UPDATE rates.daily_rates SET price_sum = 0",
            "INSERT INTO rates.place_ancestors VALUES ('CNGGZ', 'baltic')",
            "DELETE FROM rates.ports",
            "UPDATE rates.ports SET code = 'AAAAA'",
            "UPDATE rates.batches SET digest = ''",
            "UPDATE rates.batches SET withdrawn_at = now()",
            "DELETE FROM rates.batches",
            "INSERT INTO rates.batches (digest, price_count, created_at) VALUES ('', 1, now())",
            "SELECT rates.rebuild_daily_rates()",
            "SET ROLE portcullis_rates_reader",
        ],
    );
}

/// K3: The migrator can assume the role of the owner, and has no administrative privileges.
#[test]
fn the_migrator_has_no_administrative_privileges() {
    let database = Database::fresh();
    let mut conn = database.login("migrator");
    assert_denied(
        &mut conn,
        &[
            "CREATE ROLE x",
            "CREATE DATABASE x",
            "SELECT FROM pg_authid",
            "ALTER SYSTEM SET fsync = off",
            "SET ROLE postgres",
        ],
    );
    conn.batch_execute("SET ROLE portcullis_owner; CREATE TABLE rates.x (a int); DROP TABLE rates.x")
        .unwrap();
}

/// K3: Triggers keep even the owner of the tables from changing a price.
#[test]
fn prices_are_append_only_for_their_owner_too() {
    let database = Database::with_data(&small());
    let mut conn = database.login("migrator");
    conn.batch_execute("SET ROLE portcullis_owner").unwrap();
    for statement in [
        "UPDATE rates.prices SET price = 0",
        "DELETE FROM rates.prices",
        "TRUNCATE rates.prices",
    ] {
        let error = conn.batch_execute(statement).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

/// K3: Roles without a grant cannot connect to the database.
#[test]
fn roles_without_a_grant_cannot_connect() {
    let database = Database::fresh();
    let other = format!("other_{}", std::process::id());
    let drop = format!("DROP ROLE IF EXISTS {other}");
    database.execute(&format!("{drop}; CREATE ROLE {other} LOGIN PASSWORD 'x-other'"));
    let refused = database.server.connect(&database.name, &other, "x-other");
    let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
    database.execute(&drop);
    assert!(error.contains("permission denied for database"), "{error}");
}

/// K3: No login can store large objects, write WAL messages, hold advisory locks or create temporary tables.
#[test]
fn no_login_can_use_up_what_databases_share() {
    let database = Database::fresh();
    let executable = database.lines(
        "SELECT p.oid::regprocedure::text AS line FROM pg_proc p
         WHERE proname ~ '^(lo_|lo(read|write)$|pg_(try_)?advisory|pg_logical_emit)'
           AND has_function_privilege('public', p.oid, 'EXECUTE')",
    );
    assert_eq!(executable, Vec::<String>::new());
    for (login, _) in PASSWORDS {
        assert_denied(
            &mut database.login(&login.to_lowercase()),
            &[
                "SELECT lo_from_bytea(0, 'x')",
                "SELECT lo_create(0)",
                "SELECT lo_creat(-1)",
                "SELECT lo_put(1, 0, 'x')",
                "SELECT lo_open(1, 131072)",
                "SELECT lowrite(0, 'x')",
                "SELECT pg_advisory_lock(1)",
                "SELECT pg_try_advisory_lock_shared(1, 2)",
                "SELECT pg_advisory_xact_lock(n) FROM generate_series(1, 100000) n",
                "SELECT pg_logical_emit_message(false, 'x', 'x')",
            ],
        );
        // The migrator acts for the owner of the database.
        if login != "MIGRATOR" {
            assert_denied(
                &mut database.login(&login.to_lowercase()),
                &["CREATE TEMP TABLE x (a int)"],
            );
        }
    }
}

/// K3: No login can connect to the databases that every server has.
#[test]
fn no_login_can_connect_to_the_default_databases() {
    let database = Database::fresh();
    for (login, password) in PASSWORDS {
        let user = format!("portcullis_{}", login.to_lowercase());
        for other in ["postgres", "template1"] {
            let refused = database.server.connect(other, &user, password);
            let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                error.contains("permission denied for database"),
                "{user} {other}: {error}"
            );
        }
    }
}
