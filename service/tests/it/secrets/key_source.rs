//! Where keys come from: settings, Vault, or generated at start. Wrong combinations are named.

use crate::support::accounts::{create_account, log_in};
use crate::support::app::{App, send};
use crate::support::database::{DATA_KEY, Database, token_keys};
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::temp_file::TempFile;
use crate::support::token_forger::published;
use portcullis::types::role::Role;

const KEY_SETTINGS: [&str; 2] = ["TOKEN_KEYS", "DATA_KEY"];

/// The settings of a service without keys, and more.
fn pairs(database: &Database, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| !KEY_SETTINGS.contains(&name.as_str()));
    let more = more.iter();
    pairs.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs
}

/// The error of a program that ends with 78.
fn error_of(arguments: &[&str], pairs: &[(String, String)]) -> String {
    let output = run(arguments, pairs);
    assert_eq!(
        output.status.code(),
        Some(78),
        "{arguments:?}: {}",
        stderr(&output)
    );
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    stderr(&output)
}

/// K2: Keys from two sources end the program with code 78 and the setting of the second one, never its value.
#[test]
fn keys_from_two_sources_end_with_78() {
    let database = Database::not_created();
    let file = TempFile::new("key", DATA_KEY);
    let given = [
        ("TOKEN_KEYS", token_keys()),
        ("TOKEN_KEYS_FILE", file.path_str()),
        ("DATA_KEY", DATA_KEY),
        ("DATA_KEY_FILE", file.path_str()),
    ];
    for source in ["generated", "vault"] {
        for (name, value) in given {
            let error = error_of(&["serve"], &pairs(&database, &[("KEYS", source), (name, value)]));
            let expected =
                format!("portcullis: PORTCULLIS_{name}: cannot be combined with PORTCULLIS_KEYS={source}\n");
            assert_eq!(error, expected);
        }
    }
    // With `settings`, a key that is not set is not looked for elsewhere.
    for name in KEY_SETTINGS {
        let mut pairs = database.pairs();
        pairs.retain(|(known, _)| known != name);
        pairs.push(("KEYS".to_owned(), "settings".to_owned()));
        let error = error_of(&["serve"], &pairs);
        assert!(
            error.contains(&format!("PORTCULLIS_{name}: is not set")),
            "{error}"
        );
    }
}

/// K2: Generated keys are refused in production.
#[test]
fn generated_keys_are_refused_in_production() {
    let mut pairs = pairs(&Database::not_created(), &[("KEYS", "generated")]);
    pairs.retain(|(name, _)| !["PROFILE", "DATABASE_SSLMODE"].contains(&name.as_str()));
    let error = error_of(&["serve"], &pairs);
    assert!(
        error.contains("PORTCULLIS_KEYS: must not be generated in production"),
        "{error}"
    );
}

/// K2: In development, keys can be generated: each start has others, and says so. Commands that need the keys of a running
/// service name the setting.
#[test]
fn generated_keys_work_and_end_with_the_process() {
    let database = Database::fresh();
    create_account(&database, "ann@example.org", Role::User);
    let pairs = pairs(&database, &[("KEYS", "generated")]);
    let keys = || {
        let process = ServiceProcess::start(&pairs);
        let app = App::of_process(&process);
        let token = log_in(&app, "ann@example.org").access;
        assert_eq!(
            send(app.request("POST", "/validate").bearer_auth(&token)).status,
            200
        );
        process.wait_for_line("keys are generated");
        published(&app).into_keys().collect::<Vec<_>>()
    };
    let (first, second) = (keys(), keys());
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    let anchors = TempFile::new("anchors", "");
    for arguments in [
        ["keys", "reseal"].as_slice(),
        &["audit", "verify", "--anchors", anchors.path_str()],
    ] {
        let error = error_of(arguments, &pairs);
        assert!(
            error.contains("PORTCULLIS_KEYS: generated keys exist only in the memory of `serve`"),
            "{error}"
        );
    }
}
