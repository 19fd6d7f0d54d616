//! Database privileges on audit events: append by one function, and read.

use crate::support::database::{Database, PASSWORDS, lines};
use diesel::connection::SimpleConnection;

const EVENT_ROW: &str = "(1, now(), NULL, 'thing.done', '', '', '', '{}', sha256(''), sha256(''))";

fn modifications() -> [String; 8] {
    [
        "UPDATE audit.events SET action = 'x.y'".to_owned(),
        "DELETE FROM audit.events".to_owned(),
        "TRUNCATE audit.events".to_owned(),
        format!("INSERT INTO audit.events VALUES {EVENT_ROW}"),
        "UPDATE audit.head SET id = 0".to_owned(),
        "DELETE FROM audit.head".to_owned(),
        "INSERT INTO audit.head (id, hash) VALUES (0, sha256(''))".to_owned(),
        "TRUNCATE audit.head".to_owned(),
    ]
}

/// J5: Every modification of events by any login fails with SQLSTATE 42501 (insufficient privilege).
#[test]
fn no_login_can_modify_an_event() {
    let database = Database::fresh();
    database.execute("SELECT audit.append(NULL, 'thing.done', '', '', '', '{}')");
    for (login, _) in PASSWORDS.iter().filter(|(login, _)| *login != "MIGRATOR") {
        let mut conn = database.login(&login.to_lowercase());
        for statement in modifications() {
            // A statement that succeeds raises another error.
            let attempt = format!(
                "DO $do$ BEGIN {statement}; RAISE 'it succeeded'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $do$"
            );
            conn.batch_execute(&attempt)
                .unwrap_or_else(|error| panic!("{login}: {statement}: {error}"));
        }
        if *login != "ACCOUNTS" {
            for statement in [
                "SELECT FROM audit.events",
                "SELECT FROM audit.head",
                "SELECT audit.append(NULL, 'thing.done', '', '', '', '{}')",
            ] {
                let error = conn.batch_execute(statement).unwrap_err().to_string();
                assert!(
                    error.contains("permission denied for schema audit"),
                    "{login}: {error}"
                );
            }
        }
    }
    let ids = "SELECT id::text AS line FROM audit.events";
    assert_eq!(lines(&mut database.login("accounts"), ids).unwrap(), ["1"]);
}

/// J5: The owner of the tables cannot modify an event without disabling the triggers first.
#[test]
fn triggers_keep_the_owner_from_modifying_an_event() {
    let database = Database::fresh();
    let mut conn = database.login("migrator");
    conn.batch_execute(
        "SET ROLE portcullis_owner; SELECT audit.append(NULL, 'thing.done', '', '', '', '{}')",
    )
    .unwrap();
    for statement in [
        "UPDATE audit.events SET action = 'x.y'",
        "DELETE FROM audit.events",
        "TRUNCATE audit.events",
    ] {
        let error = conn.batch_execute(statement).unwrap_err().to_string();
        assert!(
            error.contains("audit.events is append-only"),
            "{statement}: {error}"
        );
    }
}

/// J5: A field cannot contain a line break, which would make the hashed record ambiguous.
#[test]
fn a_field_cannot_contain_a_line_break() {
    let database = Database::fresh();
    let mut conn = database.login("accounts");
    for (action, fields) in [
        ("thing.done", "E'a\\nb', '', ''"),
        ("thing.done", "'', E'a\\nb', ''"),
        ("thing.done", "'', '', E'a\\rb'"),
        ("thing", "'', '', ''"),
        ("Thing.done", "'', '', ''"),
        ("thing.done\n", "'', '', ''"),
    ] {
        let statement = format!("SELECT audit.append(NULL, '{action}', {fields}, '{{}}')");
        let error = conn.batch_execute(&statement).unwrap_err().to_string();
        assert!(
            error.contains("violates check constraint"),
            "{statement}: {error}"
        );
    }
    let head = "SELECT id::text AS line FROM audit.head";
    assert_eq!(lines(&mut conn, head).unwrap(), ["0"]);
}
