//! Documents of keys in Vault that cannot be read or used: at start, and under a running service.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::token_forger::published;
use crate::support::wait::wait_until_within;
use crate::vault::keys::VaultKeys;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::types::clock;
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN_KEYS: &str = "secret/data/portcullis/token-keys";

/// A server that does not answer requests for documents.
fn unavailable() -> Value {
    json!({ "error": { "status": 503, "text": "Vault is sealed" } })
}

/// V6: A document that is nonsense, deleted or destroyed, and a Vault that does not answer, leave the former keys in use and
/// are logged once each, without secrets. A valid document is adopted.
#[test]
fn unusable_documents_leave_the_former_keys_in_use() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let process = ServiceProcess::start(&keys.pairs(&[("KEYS_POLL_INTERVAL", "1")]));
    let app = App::of_process(&process);
    let own: Vec<String> = published(&app).into_keys().collect();
    let errors = |text: &str| {
        let log = process.log();
        let lines = log
            .iter()
            .filter(|line| line.contains("cannot load the signing keys"));
        lines.filter(|line| line.contains(text)).count()
    };
    let expect = |text: &str| {
        wait_until_within(Duration::from_secs(60), text, || errors(text) > 0);
        // Three more polls at least.
        std::thread::sleep(Duration::from_secs(4));
        assert_eq!(errors(text), 1, "logged once: {:?}", process.log());
        assert_eq!(published(&app).into_keys().collect::<Vec<_>>(), own);
    };

    keys.write("token-keys", 1, "{ hush-7f3a");
    expect("is not a key document");
    keys.server.call("DELETE", TOKEN_KEYS, &json!({}));
    expect("Vault has no document secret/portcullis/token-keys");
    keys.server.inject("secret/", None, &unavailable());
    expect("503");
    keys.server.recover();
    let other = TokenKeys::generate(clock::now()).unwrap();
    keys.write("token-keys", 2, &other.to_text());
    let is_adopted = || published(&app).into_keys().collect::<Vec<_>>() == [other.keys[0].kid.clone()];
    wait_until_within(Duration::from_secs(60), "the other key is adopted", is_adopted);
    let before = errors("Vault has no document");
    keys.server.write(
        "secret/destroy/portcullis/token-keys",
        &json!({ "versions": [3] }),
    );
    wait_until_within(
        Duration::from_secs(60),
        "the destroyed version is noticed",
        || errors("Vault has no document") > before,
    );
    assert!(is_adopted());
    let log = process.log().join("\n");
    assert!(!log.contains("hush") && !log.contains("PRIVATE KEY"), "{log}");
}

/// V6: `serve` waits for a Vault that does not answer, says so once, and starts when it does.
#[test]
fn a_start_waits_for_vault() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    keys.server.inject("secret/", Some(2), &unavailable());
    let process = ServiceProcess::start(&keys.pairs(&[]));
    let log = process.log();
    let waiting: Vec<_> = log
        .iter()
        .filter(|line| line.contains("waiting for Vault"))
        .collect();
    assert_eq!(waiting.len(), 1, "{log:?}");
    assert!(waiting[0].contains("503"), "{waiting:?}");
    assert_eq!(published(&App::of_process(&process)).len(), 1);
}

/// V2: A service that is stopped while it waits for a document of keys revokes its token, and ends at once.
#[test]
fn a_stop_while_waiting_for_keys_revokes_the_token() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let proxy = RecordingProxy::to(keys.server.server.address());
    let mut pairs = keys.pairs(&[]);
    pairs.retain(|(name, _)| name != "VAULT_ADDRESS");
    pairs.push(("VAULT_ADDRESS".to_owned(), format!("http://{}", proxy.address)));
    keys.server.inject("secret/", None, &unavailable());
    let process = ServiceProcess::spawn(&pairs);
    process.wait_for_line("waiting for Vault");
    let tokens = proxy.members(&["client_token"]);
    assert_eq!(tokens.len(), 1);
    let is_valid = || {
        let token = json!({ "token": tokens[0] });
        keys.server.call("POST", "auth/token/lookup", &token).0 == 200
    };
    assert!(is_valid());
    process.terminate();
    let (code, log) = process.wait();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(!is_valid(), "{log:?}");
}

/// V6, F7, K2: A document that is missing or nonsense ends `serve` with code 78 and the name of the setting, never its
/// content.
#[test]
fn a_missing_or_invalid_document_ends_with_78() {
    let database = Database::fresh();
    let keys = VaultKeys::empty(&database);
    let error = |pairs: &[(String, String)]| {
        let output = run(&["serve"], pairs);
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        stderr(&output)
    };
    let pairs = keys.pairs(&[]);
    assert_eq!(
        error(&pairs),
        "portcullis: PORTCULLIS_KEYS: Vault has no document secret/portcullis/data-keys\n"
    );
    keys.command(&["generate", "--vault", "--data"]);
    keys.write_secret("token-keys", 0, &json!({ "keys": "hush-7f3a" }));
    assert_eq!(
        error(&pairs),
        "portcullis: PORTCULLIS_KEYS: secret/portcullis/token-keys: the secret has no member `document` that is a text\n"
    );
    keys.write("token-keys", 1, "{ hush-7f3a");
    let invalid = error(&pairs);
    assert!(
        invalid.starts_with("portcullis: PORTCULLIS_KEYS: is not a key document"),
        "{invalid}"
    );
    assert!(!invalid.contains("hush"), "{invalid}");
    let mut without_vault = pairs;
    without_vault.retain(|(name, _)| !name.starts_with("VAULT_"));
    assert_eq!(
        error(&without_vault),
        "portcullis: PORTCULLIS_KEYS: vault requires PORTCULLIS_VAULT_ADDRESS\n"
    );
}
