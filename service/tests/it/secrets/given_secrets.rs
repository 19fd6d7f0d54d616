//! The secrets that a service is given appear in no response, metric, log or error text, and not in the process list.

use super::exposure::{Given, LOGINS, MailServer, serve};
use crate::support::database::{Database, settings};
use crate::support::issued_logins::Issuer;
use crate::support::program::{run, stderr, stdout};
use crate::support::sample_data::small;
use crate::support::secret_search::assert_no_secret_in;
use portcullis::config::setting_names::{PREFIX, SETTINGS};
use std::collections::BTreeSet;

fn drop_logins(database: &Database) {
    for (login, _) in LOGINS {
        database.execute(&format!("DROP ROLE {}_own_{login}", database.name));
    }
}

/// V7: Secrets given as values are shown by the environment that the process was started with, and by nothing else.
#[test]
fn secrets_given_as_values_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let given = Given::values(&database, &mail, true);
    serve(&database, &mail, &given, true, |_, _| {}).assert_hides(&given.secrets);
    drop_logins(&database);
}

/// V7: Secrets given as files are shown by nothing.
#[test]
fn secrets_given_as_files_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let given = Given::values(&database, &mail, true).in_files();
    serve(&database, &mail, &given, false, |_, _| {}).assert_hides(&given.secrets);
    drop_logins(&database);
}

/// V7: Issued credentials are shown by nothing.
#[test]
fn issued_credentials_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let issuer = Issuer::new(&database);
    let given = Given::issued(&database, &mail, &issuer);
    serve(&database, &mail, &given, false, |_, _| {}).assert_hides(&given.secrets);
    issuer.revoke(0);
}

/// V7: `Debug` of the settings shows no secret, whether it is a value or a file.
#[test]
fn debug_of_the_settings_shows_no_secret() {
    let (database, mail) = (Database::not_created(), MailServer::start());
    let values = Given::values(&database, &mail, false);
    let parsed = settings(values.pairs.clone(), &[]);
    let listed: BTreeSet<&str> = parsed.secrets().map(|(name, _)| name).collect();
    let set = |name: &str| values.pairs.iter().any(|(known, _)| known == name);
    for secret in SETTINGS.iter().filter(|known| known.secret && set(known.name)) {
        assert!(
            listed.contains(secret.name),
            "{PREFIX}{} is not listed",
            secret.name
        );
    }
    let secrets = values.secrets.clone();
    let files = settings(values.in_files().pairs, &[]);
    let texts = [&parsed, &files].map(|parsed| format!("{parsed:?} {parsed:#?}"));
    assert!(texts[0].contains("[redacted]"), "{}", texts[0]);
    assert_no_secret_in("Debug", &texts, &secrets);
}

/// V7: A command that fails because of a setting, the database or its arguments prints no secret.
#[test]
fn failing_commands_print_no_secret() {
    let (database, mail) = (Database::not_created(), MailServer::start());
    let given = Given::values(&database, &mail, false);
    let commands: [&[&str]; 9] = [
        &["serve"],
        &["migrate", "status"],
        &["migrate", "prepare"],
        &["import", "/dev/null"],
        &["accounts", "list"],
        &["audit", "verify"],
        &["keys", "reseal"],
        &["healthcheck"],
        &["unknown"],
    ];
    let mut printed = Vec::new();
    for (name, value) in [
        ("DATABASE_PORT", "1"),
        ("DATABASE_PORT", "none"),
        ("DATABASE_HOST", "host.invalid"),
        ("DATA_KEY_FILE", "/nothing"),
        ("LISTEN", "192.0.2.1:1"),
    ] {
        let mut pairs = given.pairs.clone();
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value.to_owned()));
        for arguments in commands {
            // It would serve: all that is wrong is the database.
            if arguments == ["serve"]
                && matches!((name, value), ("DATABASE_PORT", "1") | ("DATABASE_HOST", _))
            {
                continue;
            }
            let output = run(arguments, &pairs);
            let succeeds = output.status.success();
            assert!(!succeeds || name == "LISTEN", "{arguments:?} with {name}={value}");
            printed.push(stdout(&output) + &stderr(&output));
        }
    }
    for expected in [
        "PORTCULLIS_DATABASE_PORT: ",
        "PORTCULLIS_DATA_KEY_FILE: ",
        "cannot connect",
        "unrecognized subcommand",
    ] {
        assert!(printed.iter().any(|text| text.contains(expected)), "{printed:?}");
    }
    assert!(!printed.iter().any(|text| text.contains("SMTP")), "{printed:?}");
    assert_no_secret_in("output", &printed, &given.secrets);
}
