//! The hash chain of audit events: every modification is detected.

use crate::support::database::{Database, lines};
use crate::support::program;
use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::result::Error;
use portcullis::db::audit::{Event, append};
use portcullis::types::account::AccountId;
use portcullis::types::client_info::ClientInfo;
use serde_json::json;
use std::thread;

/// Appends an event as the service does.
fn append_event(conn: &mut PgConnection, number: i64) {
    let client = ClientInfo::service();
    let event = Event {
        actor: (number % 2 == 0).then(|| AccountId::of(number)),
        action: "thing.done",
        subject: format!("thing:{number}"),
        client: &client,
        detail: json!({"z": [1.10, "é\n\"", null], "number": number, "a": {}}),
    };
    append(conn, &event).unwrap();
}

/// A database with this number of events.
fn with_events(count: i64) -> Database {
    let database = Database::fresh();
    let mut conn = database.login("accounts");
    (1..=count).for_each(|number| append_event(&mut conn, number));
    database
}

/// The exit code and the output of `portcullis audit verify`.
fn verify(database: &Database, more: &[&str]) -> (Option<i32>, String) {
    let output = program::run(&[&["audit", "verify"], more].concat(), &database.pairs());
    let text = format!("{}{}", program::stdout(&output), program::stderr(&output));
    (output.status.code(), text.trim_end().to_owned())
}

/// Runs statements on the events as a superuser, with triggers and constraints disabled.
fn tamper(database: &Database, statements: &str) {
    database.execute(&format!(
        "ALTER TABLE audit.events DISABLE TRIGGER ALL; ALTER TABLE audit.events DROP CONSTRAINT IF EXISTS events_fields_check;
         {statements}; ALTER TABLE audit.events ENABLE TRIGGER ALL"
    ));
}

fn head_hash(database: &Database) -> String {
    database
        .lines("SELECT encode(hash, 'hex') AS line FROM audit.head")
        .remove(0)
}

/// J5: Verifying an intact chain reports its length and its last hash.
#[test]
fn an_intact_chain_is_reported_with_length_and_last_hash() {
    let database = with_events(5);
    let end = head_hash(&database);
    let whole = format!("consistent: 5 events, last event 5, head {end}");
    let unknown = "completeness unknown: compare with --anchors or --head";
    assert_eq!(verify(&database, &[]), (Some(0), format!("{whole}\n{unknown}")));
    assert_eq!(
        verify(&database, &["--head", &end]),
        (Some(0), format!("{whole}\ncomplete: contains all 1 records"))
    );
    let empty = verify(&Database::fresh(), &[]);
    let zero = "0".repeat(64);
    let whole = format!("consistent: 0 events, last event 0, head {zero}");
    assert_eq!(empty, (Some(0), format!("{whole}\n{unknown}")));
    assert_eq!(verify(&database, &["--head", "abc"]).0, Some(2));
}

/// J5: A chain that cannot be read ends with code 69, unlike a broken one.
#[test]
fn an_unreadable_chain_is_reported_as_neither_intact_nor_broken() {
    let (code, text) = verify(&Database::not_created(), &[]);
    assert_eq!(code, Some(69), "{text}");
    let database = with_events(2);
    tamper(
        &database,
        "ALTER TABLE audit.events ALTER action DROP NOT NULL; UPDATE audit.events SET action = NULL WHERE id = 2",
    );
    let (code, text) = verify(&database, &[]);
    assert_eq!(code, Some(69), "{text}");
    assert!(text.contains("cannot read the events after 0"), "{text}");
}

/// J5: A change to any column of an event is detected, and the event is named.
#[test]
fn a_changed_event_is_named() {
    for change in [
        "at = at + interval '1 microsecond'",
        "at = 'infinity'",
        "at = at - interval '4000 years'",
        "actor_id = 7",
        "actor_id = NULL WHERE id = 4",
        "action = 'thing.undone'",
        "subject = 'thing:4'",
        "subject = subject || E'\\n' || request_id",
        "request_id = 'x'",
        "address = '127.0.0.2'",
        "detail = detail || '{\"number\": 4}'",
        "previous_hash = hash",
        "hash = previous_hash",
        "hash = sha256(hash)",
    ] {
        let database = with_events(5);
        let (change, id) = match change.strip_suffix(" WHERE id = 4") {
            Some(change) => (change, 4),
            None => (change, 3),
        };
        tamper(
            &database,
            &format!("UPDATE audit.events SET {change} WHERE id = {id}"),
        );
        let (code, text) = verify(&database, &[]);
        assert_eq!(code, Some(1), "{change}: {text}");
        assert!(
            text.contains(&format!("event {id} was changed"))
                || text.contains(&format!("event {id} does not follow")),
            "{change}: {text}"
        );
    }
}

/// J5: Deleted, inserted and reordered events are detected and named.
#[test]
fn deleted_inserted_and_reordered_events_are_named() {
    let renumber =
        "UPDATE audit.events SET id = -id WHERE id >= 3; UPDATE audit.events SET id = 1 - id WHERE id < 0";
    let copy = |id: &str, from: i64| {
        format!(
            "INSERT INTO audit.events SELECT {id}, at, actor_id, action, subject, request_id, address, detail,
             previous_hash, hash FROM audit.events WHERE id = {from}"
        )
    };
    for (statements, message) in [
        ("DELETE FROM audit.events WHERE id = 3".to_owned(), "event 3 is missing"),
        ("DELETE FROM audit.events WHERE id = 1".to_owned(), "event 1 is missing"),
        (
            "UPDATE audit.events SET id = CASE id WHEN 3 THEN -4 ELSE -3 END WHERE id IN (3, 4);
             UPDATE audit.events SET id = -id WHERE id < 0"
                .to_owned(),
            "event 3 does not follow from the one before it",
        ),
        (
            format!("{renumber}; {}", copy("3", 5)),
            "event 3 does not follow from the one before it",
        ),
        (copy("6", 5), "event 6 does not follow from the one before it"),
        (copy("0", 1), "event 0 is outside the chain"),
        (copy("-7", 1), "event -7 is outside the chain"),
        (
            "INSERT INTO audit.events SELECT (e).id, (e).at, (e).actor_id, (e).action, (e).subject, (e).request_id,
               (e).address, (e).detail, (e).previous_hash, sha256((e).previous_hash || audit.record_of(e))
             FROM (SELECT ROW(6, now(), 1, 'thing.done', '', '', '', '{}', hash, '')::audit.events AS e FROM audit.head) x"
                .to_owned(),
            "event 6 is outside the chain",
        ),
    ] {
        let database = with_events(5);
        tamper(&database, &statements);
        let (code, text) = verify(&database, &[]);
        assert_eq!((code, text.as_str()), (Some(1), format!("portcullis: inconsistent: {message}").as_str()), "{statements}");
    }
}

/// J5: A truncated or rebuilt chain is detected by the stored head, and if that was changed too, by a hash stored elsewhere.
#[test]
fn a_truncated_or_rebuilt_chain_is_detected() {
    let database = with_events(5);
    let end = head_hash(&database);
    tamper(&database, "DELETE FROM audit.events WHERE id > 3");
    let (code, text) = verify(&database, &[]);
    assert_eq!(
        (code, text.as_str()),
        (
            Some(1),
            "portcullis: inconsistent: event 4 and all later ones are missing"
        )
    );
    database
        .execute("UPDATE audit.head h SET id = 3, hash = (SELECT hash FROM audit.events e WHERE e.id = 3)");
    assert_eq!(
        verify(&database, &[]).0,
        Some(0),
        "the database alone does not reveal it"
    );
    let (code, text) = verify(&database, &["--head", &end]);
    assert_eq!(code, Some(3));
    assert!(text.contains("no event has the given hash"), "{text}");
    let saved = head_hash(&database);
    assert_eq!(verify(&database, &["--head", &saved.to_uppercase()]).0, Some(0));

    tamper(
        &database,
        "TRUNCATE audit.events; UPDATE audit.head SET id = 0, hash = decode(repeat('00', 32), 'hex');
         SELECT audit.append(NULL, 'thing.done', '', '', '', '{}') FROM generate_series(1, 5)",
    );
    assert_eq!(verify(&database, &[]).0, Some(0));
    assert_eq!(verify(&database, &["--head", &saved]).0, Some(3));
    database.execute("UPDATE audit.head SET hash = sha256(hash)");
    let (_, text) = verify(&database, &[]);
    assert!(
        text.contains("the hash of event 5 differs from audit.head"),
        "{text}"
    );
    database.execute("DELETE FROM audit.head");
    let (_, text) = verify(&database, &[]);
    assert!(text.contains("audit.head is empty"), "{text}");
}

/// J5: The hashes do not depend on the database session's output settings.
#[test]
fn hashes_do_not_depend_on_session_settings() {
    let database = Database::fresh();
    for settings in [
        "TimeZone = 'Asia/Kathmandu'",
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -15",
        "bytea_output = 'escape'",
        "TimeZone = 'America/St_Johns'",
        "standard_conforming_strings = off",
    ] {
        let mut conn = database.login("accounts");
        conn.batch_execute(&format!("SET {settings}")).unwrap();
        (1..=2).for_each(|number| append_event(&mut conn, number));
    }
    assert_eq!(verify(&database, &[]).0, Some(0));
    for setting in [
        "TimeZone = 'Pacific/Apia'",
        "DateStyle = 'SQL, MDY'",
        "bytea_output = 'escape'",
    ] {
        database.execute(&format!("ALTER DATABASE {} SET {setting}", database.name));
    }
    let (code, text) = verify(&database, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("consistent: 14 events"), "{text}");
}

/// J5: Concurrent transactions, some of them rolled back, append to one chain without a gap.
#[test]
fn concurrent_events_form_one_chain_without_a_gap() {
    let database = Database::fresh();
    thread::scope(|scope| {
        for number in 0..50 {
            let database = &database;
            scope.spawn(move || {
                let mut conn = database.login("accounts");
                let outcome = conn.transaction(|conn| {
                    append_event(conn, number);
                    match number % 5 {
                        4 => Err(Error::RollbackTransaction),
                        _ => Ok(()),
                    }
                });
                assert_eq!(outcome.is_ok(), number % 5 != 4);
            });
        }
        // Verified meanwhile: the committed events form an intact chain at any time.
        assert_eq!(verify(&database, &[]).0, Some(0));
    });
    let (code, text) = verify(&database, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("consistent: 40 events, last event 40"), "{text}");
    let mut conn = database.login("accounts");
    let order = "SELECT count(*)::text AS line FROM audit.events a JOIN audit.events b ON b.id = a.id + 1 AND b.at < a.at";
    assert_eq!(lines(&mut conn, order).unwrap(), ["0"]);
}

/// J5: A chain longer than one batch is verified to the end.
#[test]
fn a_chain_longer_than_one_batch_is_verified() {
    let database = Database::fresh();
    for _ in 0..11 {
        database.execute(
            "SELECT audit.append(NULL, 'thing.done', '', '', '', '{}') FROM generate_series(1, 1000)",
        );
    }
    let (code, text) = verify(&database, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("consistent: 11000 events, last event 11000"),
        "{text}"
    );
    tamper(
        &database,
        "UPDATE audit.events SET detail = '[]' WHERE id IN (10500, 10999)",
    );
    let (code, text) = verify(&database, &[]);
    // Progress lines may precede it.
    assert_eq!(
        (code, text.lines().next_back()),
        (Some(1), Some("portcullis: inconsistent: event 10500 was changed"))
    );
}
