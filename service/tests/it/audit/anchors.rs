//! The end of the chain, recorded outside of the database: in the log and in a file, signed.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::metric::metric;
use crate::support::program::{self, ServiceProcess};
use crate::support::temp_file::TempFile;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use serde_json::Value;

/// Appends events as the service's login.
fn append_events(database: &Database, count: u32) {
    let append = format!(
        "SELECT audit.append(1, 'thing.done', 'thing:1', '', '', '{{}}') FROM generate_series(1, {count})"
    );
    database.login("accounts").batch_execute(&append).unwrap();
}

/// What a database administrator without superuser rights can do: deletes the last events and adjusts the recorded end.
fn delete_last_events(database: &Database, count: u32) {
    let statements = format!(
        "SET ROLE portcullis_owner; ALTER TABLE audit.events DISABLE TRIGGER events_append_only;
         DELETE FROM audit.events WHERE id > (SELECT max(id) - {count} FROM audit.events);
         ALTER TABLE audit.events ENABLE TRIGGER events_append_only;
         UPDATE audit.head SET (id, hash) = (SELECT id, hash FROM audit.events ORDER BY id DESC LIMIT 1)"
    );
    database.login("migrator").batch_execute(&statements).unwrap();
}

/// A service that records the end of the chain in a file every second.
fn start(database: &Database, file: &TempFile) -> ServiceProcess {
    let mut pairs = database.pairs();
    pairs.push(("AUDIT_ANCHOR_FILE".into(), file.path_str().into()));
    pairs.push(("AUDIT_ANCHOR_INTERVAL".into(), "1".into()));
    ServiceProcess::start(&pairs)
}

/// The anchors of a file or a log.
fn anchors(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["event"] == "audit.anchor")
        .collect()
}

fn content(file: &TempFile) -> String {
    std::fs::read_to_string(file.path()).unwrap()
}

/// The exit code and the output of `portcullis audit verify --anchors`.
fn verify(database: &Database, files: &[&TempFile]) -> (Option<i32>, String) {
    let options = files.iter().flat_map(|file| ["--anchors", file.path_str()]);
    let arguments: Vec<&str> = ["audit", "verify"].into_iter().chain(options).collect();
    let output = program::run(&arguments, &database.pairs());
    let text = format!("{}{}", program::stdout(&output), program::stderr(&output));
    (output.status.code(), text)
}

/// J5: The service records the end of the chain in its log and in a file, at the interval and when it stops; a chain
/// whose last events were deleted by the schema's owner is incomplete, although it is consistent.
#[test]
fn a_chain_without_its_last_events_is_incomplete() {
    let database = Database::fresh();
    append_events(&database, 2);
    let file = TempFile::new("jsonl", "");
    let serving = start(&database, &file);
    serving.wait_for_line("\"id\":2");
    append_events(&database, 2);
    serving.wait_for_line("\"id\":4");
    append_events(&database, 1);
    serving.terminate();
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0));
    let recorded = anchors(&content(&file));
    let ids: Vec<i64> = recorded
        .iter()
        .filter_map(|anchor| anchor["id"].as_i64())
        .collect();
    assert_eq!((ids.first(), ids.last()), (Some(&2), Some(&5)), "{recorded:?}");
    let log = TempFile::new("log", log.join("\n"));
    for member in ["event", "at", "id", "hash", "mac"] {
        let of = |anchors: Vec<Value>| {
            anchors
                .iter()
                .map(|anchor| anchor[member].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(anchors(&content(&log))), of(recorded.clone()), "{member}");
    }
    let (code, text) = verify(&database, &[&file, &log]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("consistent: 5 events") && text.contains("newest of event 5"),
        "{text}"
    );

    delete_last_events(&database, 3);
    let (code, text) = verify(&database, &[]);
    assert_eq!(code, Some(0), "the database alone does not reveal it: {text}");
    for files in [&[&file][..], &[&log], &[&log, &file]] {
        let (code, text) = verify(&database, files);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("consistent: 2 events"), "{text}");
        assert!(text.contains("incomplete: event 4, recorded at "), "{text}");
    }
    append_events(&database, 9);
    let (code, text) = verify(&database, &[&file]);
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("incomplete: event 4 is not the one recorded"),
        "{text}"
    );
}

/// J5: A running service reports that the chain no longer contains what it recorded, also after a restart, in its log and metrics.
#[test]
fn a_running_service_reports_a_shortened_chain() {
    let database = Database::fresh();
    append_events(&database, 3);
    let file = TempFile::new("jsonl", "");
    let serving = start(&database, &file);
    serving.wait_for_line("\"id\":3");
    delete_last_events(&database, 1);
    let line: Value = serde_json::from_str(&serving.wait_for_line("audit.chain_contradicted")).unwrap();
    assert_eq!(
        (&line["level"], &line["id"]),
        (&"ERROR".into(), &3.into()),
        "{line}"
    );
    wait_for_contradiction(&serving);
    serving.terminate();
    serving.wait();
    append_events(&database, 2);
    delete_last_events(&database, 3);
    let serving = start(&database, &file);
    serving.wait_for_line("audit.chain_contradicted");
    wait_for_contradiction(&serving);
}

fn wait_for_contradiction(serving: &ServiceProcess) {
    let app = App::of_process(serving);
    wait_until("the metric counts it", || {
        metric(&app, "audit_checks_total", &["outcome=\"contradicted\""]) > 0.0
    });
}

/// J5: Anchors that the key did not sign prove nothing, and neither does a file without any.
#[test]
fn unsigned_and_missing_anchors_are_reported() {
    let database = Database::fresh();
    append_events(&database, 1);
    let file = TempFile::new("jsonl", "{\"event\":\"audit.an");
    let serving = start(&database, &file);
    serving.wait_for_line("audit.anchor");
    wait_until("an anchor in the file", || anchors(&content(&file)).len() == 1);
    serving.terminate();
    serving.wait();
    let forged = TempFile::new("jsonl", content(&file).replace("\"id\":1", "\"id\":0"));
    let (code, text) = verify(&database, &[&file, &forged]);
    assert_eq!(code, Some(65), "{text}");
    assert!(
        text.contains("line 2: the anchor is not signed by DATA_KEY"),
        "{text}"
    );
    let (code, text) = verify(&database, &[&TempFile::new("jsonl", "{}\n")]);
    assert_eq!(
        (code, text.contains("hold no anchor")),
        (Some(65), true),
        "{text}"
    );
    let missing = ["audit", "verify", "--anchors", "/nowhere/anchors"];
    assert_eq!(program::run(&missing, &database.pairs()).status.code(), Some(66));
    let mut keyless = database.pairs();
    keyless.retain(|(name, _)| name != "DATA_KEY");
    let output = program::run(&["audit", "verify", "--anchors", file.path_str()], &keyless);
    assert_eq!(output.status.code(), Some(78), "{}", program::stderr(&output));
    let mut pairs = database.pairs();
    pairs.push(("AUDIT_ANCHOR_FILE".into(), "/nowhere/anchors".into()));
    let output = program::run(&["serve"], &pairs);
    assert_eq!(output.status.code(), Some(78));
    assert!(program::stderr(&output).contains("PORTCULLIS_AUDIT_ANCHOR_FILE: "));
}
