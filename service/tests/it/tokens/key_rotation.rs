//! Signing keys of a running service: publication, verification by others, rotation under load.

use crate::support::accounts::{create_account, log_in};
use crate::support::app::App;
use crate::support::database::{Database, token_keys};
use crate::support::program::{ServiceProcess, run};
use crate::support::temp_file::TempFile;
use crate::support::token_forger::{Parts, published, verifies};
use crate::support::token_load::{kid, rotate_under_load, validate};
use crate::support::wait::wait_until_within;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::types::clock;
use portcullis::types::role::Role;
use std::collections::HashSet;
use std::thread::sleep;
use std::time::Duration;

fn rotate(file: &TempFile, more: &[&str]) {
    let output = run(&[&["keys", "rotate", file.path_str()], more].concat(), &[]);
    assert!(output.status.success(), "{output:?}");
}

/// The settings of a service that reads its signing keys from a file.
fn settings_with_key_file(database: &Database, file: &TempFile) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| name != "TOKEN_KEYS");
    pairs.push(("TOKEN_KEYS_FILE".into(), file.path_str().into()));
    pairs
}

/// Waits for a service to notice a change of its key file, on a machine under load.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    wait_until_within(Duration::from_secs(60), what, holds);
}

/// F6: The published key set contains public members only and may be cached for five minutes.
#[test]
fn the_key_set_contains_public_members_only() {
    let database = Database::not_created();
    let app = App::over(&database);
    let response = app.get("/.well-known/jwks.json");
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), "application/jwk-set+json");
    assert_eq!(response.header("cache-control"), "public, max-age=300");
    let keys = response.json();
    assert_eq!(keys.as_object().unwrap().len(), 1);
    let document = TokenKeys::parse(token_keys()).unwrap();
    let [key] = keys["keys"].as_array().unwrap().as_slice() else {
        panic!("one key: {keys}");
    };
    let mut names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(key["kid"], document.keys[0].kid);
    for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
        assert_eq!(key[name], value);
    }
    let secret: String = document.keys[0]
        .pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    assert!(!response.text().contains(&secret[60..90]));
}

/// F6: An independent implementation verifies tokens with the published keys.
#[test]
fn others_can_verify_with_the_published_keys() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let (token, keys) = (log_in(&app, "ann@example.org").access, published(&app));
    assert!(verifies(&keys, &token));
    let forged = Parts::of(&token).with_claim("admin", true.into()).signing_input();
    let signature = token.rsplit_once('.').unwrap().1;
    assert!(!verifies(&keys, &format!("{forged}.{signature}")));
}

/// F6: While the keys of two services are rotated twice under load, neither service and no external verifier, which caches
/// the published keys for three seconds, rejects a token.
#[test]
fn a_rotation_under_load_rejects_no_token() {
    let database = Database::fresh();
    let file = TempFile::new("json", TokenKeys::generate(clock::now()).unwrap().to_text());
    let settings = crate::support::database::settings(settings_with_key_file(&database, &file), &[]);
    let (one, two) = (App::start(&settings), App::start(&settings));
    create_account(&database, "ann@example.org", Role::User);
    let first = log_in(&one, "ann@example.org").access;
    let tokens = rotate_under_load([&one, &two], "ann@example.org", || {
        rotate(&file, &["--overlap", "6"]);
        let document = TokenKeys::parse(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
        document.keys.last().unwrap().kid.clone()
    });
    let kids: HashSet<String> = tokens.iter().map(|token| kid(token)).collect();
    assert_eq!(kids.len(), 3, "{} tokens", tokens.len());
    // The first tokens stay valid until they expire.
    let last = tokens.last().unwrap();
    assert_ne!(kid(&first), kid(last));
    for app in [&one, &two] {
        assert!(
            [&first, last]
                .into_iter()
                .all(|token| validate(app, token) == 200)
        );
        assert_eq!(published(app).len(), 3);
    }
}

/// Replaces the content atomically; a partial write would be one more broken file.
fn replace(file: &TempFile, content: &str) {
    let temporary = TempFile::new("json", content);
    std::fs::rename(temporary.path(), file.path()).unwrap();
}

/// F6: A broken key file leaves the former keys in use and is logged once, without secrets. A valid one is adopted.
#[test]
fn a_broken_key_file_keeps_the_former_keys() {
    let database = Database::fresh();
    let keys = TokenKeys::generate(clock::now()).unwrap();
    let file = TempFile::new("json", keys.to_text());
    let process = ServiceProcess::start(&settings_with_key_file(&database, &file));
    let kids = || {
        let request = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let response = crate::support::raw_connection::send_request(process.address, request);
        let keys = response.json()["keys"].as_array().unwrap().clone();
        let kids = keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned());
        kids.collect::<Vec<_>>()
    };
    let warnings = || {
        let log = process.log();
        log.iter()
            .filter(|line| line.contains("cannot load the signing keys"))
            .count()
    };
    let own = keys.keys[0].kid.clone();
    assert_eq!(kids(), std::slice::from_ref(&own));
    let half = &keys.to_text()[..200];
    let other = TokenKeys::generate(clock::now()).unwrap();
    let waiting = {
        let mut waiting = other.clone();
        waiting.keys[0].sign_from += chrono::Duration::hours(1);
        waiting.to_text()
    };
    for (count, broken) in [(1, "{ hush-7f3a"), (2, half), (3, ""), (4, &waiting)] {
        replace(&file, broken);
        wait_until("the file is read", || warnings() == count);
        assert_eq!(kids(), std::slice::from_ref(&own));
    }
    std::fs::remove_file(file.path()).unwrap();
    wait_until("the missing file is noticed", || warnings() == 5);
    sleep(Duration::from_millis(4500));
    assert_eq!(warnings(), 5, "logged once: {:?}", process.log());
    assert_eq!(kids(), [own]);
    replace(&file, &other.to_text());
    wait_until("the other key is adopted", || {
        kids() == [other.keys[0].kid.clone()]
    });
    let log = process.log().join("\n");
    assert!(!log.contains("hush") && !log.contains("PRIVATE KEY"), "{log}");
}
