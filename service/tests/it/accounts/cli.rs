//! `portcullis accounts`: how operators create and list accounts.

use crate::support::database::Database;
use crate::support::program::{run, run_as_sudo, stderr, stdout};
use crate::support::temp_file::TempFile;
use std::process::Output;

const PASSWORD: &str = "a quiet mountain lake";

/// The settings that the command requires, without those that only `serve` requires.
fn pairs(database: &Database) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| !["DATA_KEY", "TOKEN_KEYS"].contains(&name.as_str()));
    pairs
}

fn add(database: &Database, email: &str, role: &str, name: &str, password: &str) -> Output {
    let file = TempFile::new("password", password);
    let arguments = [
        "accounts",
        "add",
        email,
        "--role",
        role,
        "--name",
        name,
        "--password-file",
        file.path_str(),
    ];
    run(&arguments, &pairs(database))
}

/// J5: The event of an operator's command names the user that called sudo, without control characters.
#[test]
fn the_event_of_a_command_names_its_operator() {
    let database = Database::fresh();
    let file = TempFile::new("password", PASSWORD);
    let arguments = [
        "accounts",
        "add",
        "ann@example.org",
        "--role",
        "user",
        "--name",
        "Ann",
    ];
    let arguments = [&arguments[..], &["--password-file", file.path_str()]].concat();
    let output = run_as_sudo("eve\u{1b}\nroot", &arguments, &pairs(&database));
    assert!(output.status.success(), "{}", stderr(&output));
    let users = database.lines("SELECT detail->'operator'->>'sudo_user' AS line FROM audit.events");
    assert_eq!(users, ["everoot"]);
}

/// E20, E16: An operator creates an administrator, whose address counts as confirmed and whose password is stored as an
/// argon2id hash.
#[test]
fn an_operator_creates_an_administrator() {
    let database = Database::fresh();
    let output = add(
        &database,
        "Ann@Example.org",
        "admin",
        "Ann",
        &format!("{PASSWORD}\n"),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "created account 1\n");
    let stored = database.lines(
        "SELECT concat_ws(' ', email, email_key, name, role, state, confirmed_at IS NOT NULL, \
                left(password_hash, 31)) AS line \
         FROM accounts.accounts JOIN accounts.credentials ON account_id = id",
    );
    assert_eq!(
        stored,
        ["Ann@Example.org ann@example.org Ann admin active t $argon2id$v=19$m=19456,t=2,p=1$"]
    );
    let events = database.lines("SELECT concat_ws(' ', action, subject, actor_id) AS line FROM audit.events");
    assert_eq!(events, ["account.added account:1"]);
    let operators = database.lines("SELECT (detail->'operator')::text AS line FROM audit.events");
    let operator: serde_json::Value = serde_json::from_str(&operators[0]).unwrap();
    let text = |member: &str| operator[member].as_str().unwrap_or_default().to_owned();
    assert!(!text("user").is_empty() && !text("host").is_empty(), "{operator}");
    assert!(operator.get("sudo_user").is_none(), "{operator}");
    let listed = run(&["accounts", "list"], &pairs(&database));
    assert_eq!(stdout(&listed), "1\tactive\tadmin\tAnn@Example.org\tAnn\n");
}

/// D6, E15: Invalid input is rejected with its reason and creates neither an account nor an audit event.
#[test]
fn invalid_input_is_rejected_with_its_reason() {
    let database = Database::fresh();
    assert!(
        add(&database, "ann@example.org", "user", "Ann", PASSWORD)
            .status
            .success()
    );
    for (email, role, name, password, code, message) in [
        (
            "ANN@example.org",
            "user",
            "Ann",
            PASSWORD,
            1,
            "an account with this address already exists",
        ),
        (
            "bob@example.org",
            "user",
            "Bob",
            "1Q2w3e4r5t6y7u8i\r\n",
            1,
            "one of the most common",
        ),
        (
            "bob@example.org",
            "user",
            "Bob",
            "short\n",
            1,
            "at least 15 characters",
        ),
        (
            "bob@example.org",
            "user",
            "Bob",
            &"x".repeat(513),
            1,
            "is too large",
        ),
        (
            "bob@example.org",
            "king",
            "Bob",
            PASSWORD,
            2,
            "must be user, admin, approver, ingest or introspector",
        ),
        (
            "bob@example",
            "user",
            "Bob",
            PASSWORD,
            2,
            "must be an e-mail address",
        ),
        (
            "bob@example.org",
            "user",
            "Bob\nBcc: x@y.org",
            PASSWORD,
            2,
            "no control characters",
        ),
    ] {
        let output = add(&database, email, role, name, password);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        assert!(!stderr(&output).contains(password.trim()), "{}", stderr(&output));
    }
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM accounts.accounts"),
        ["1"]
    );
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM audit.events"),
        ["1"]
    );
}

/// K1: A missing database password is a settings error, and an unavailable database is reported.
#[test]
fn a_missing_setting_or_database_is_reported() {
    let database = Database::fresh();
    let mut pairs = pairs(&database);
    let unavailable = [pairs.clone(), vec![("DATABASE_PORT".to_owned(), "1".to_owned())]].concat();
    let output = run(&["accounts", "list"], &unavailable);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the database is unavailable"),
        "{}",
        stderr(&output)
    );
    pairs.retain(|(name, _)| name != "DATABASE_ACCOUNTS_PASSWORD");
    let output = run(&["accounts", "list"], &pairs);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        stderr(&output).contains("PORTCULLIS_DATABASE_ACCOUNTS_PASSWORD"),
        "{}",
        stderr(&output)
    );
}
