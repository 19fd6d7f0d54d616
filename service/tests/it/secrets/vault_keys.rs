//! Keys in Vault: created and rotated by commands, followed by running services.

use crate::support::accounts::{PASSWORD, create_account, log_in, try_log_in_with_code};
use crate::support::app::App;
use crate::support::authenticator::{code, enable_totp};
use crate::support::database::{Database, settings};
use crate::support::metric::metric;
use crate::support::program::{run, stderr, stdout};
use crate::support::temp_file::TempFile;
use crate::support::token_forger::published;
use crate::support::token_load::{kid, rotate_under_load, validate};
use crate::support::vault::TestVault;
use crate::support::wait::{wait_until, wait_until_within};
use crate::vault::keys::VaultKeys;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::secrets::document::{DocumentError, DocumentStore, VaultDocument};
use portcullis::types::clock;
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

const ANN: &str = "ann@example.org";

/// The settings of a service that asks often, so that a test is short.
const OFTEN: [(&str, &str); 1] = [("KEYS_POLL_INTERVAL", "1")];

/// V6, F6: While the keys in Vault are rotated twice under load, neither of two replicas and no external verifier, which
/// caches the published keys for three seconds, rejects a token. Replicas publish a new key before it signs.
#[test]
fn a_rotation_in_vault_under_load_rejects_no_token() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let settings = keys.settings(&OFTEN);
    let (one, two) = (App::start(&settings), App::start(&settings));
    create_account(&database, ANN, Role::User);
    let first = log_in(&one, ANN).access;
    let tokens = rotate_under_load([&one, &two], ANN, || {
        keys.command(&["rotate", "--vault", "--overlap", "12"]);
        let newest = keys.token_keys().keys.pop().unwrap();
        wait_until_within(Duration::from_secs(60), "both publish the new key", || {
            [&one, &two]
                .iter()
                .all(|app| published(app).contains_key(&newest.kid))
        });
        assert!(clock::now() < newest.sign_from, "published before it signs");
        newest.kid
    });
    let kids: HashSet<String> = tokens.iter().map(|token| kid(token)).collect();
    assert_eq!(kids.len(), 3, "{} tokens", tokens.len());
    let last = tokens.last().unwrap();
    assert_ne!(kid(&first), kid(last));
    for app in [&one, &two] {
        assert_eq!((validate(app, &first), validate(app, last)), (200, 200));
        assert_eq!(published(app).len(), 3, "the old ones and the new one");
    }
}

/// V6: With the default settings every replica follows a rotation within a minute.
#[test]
fn every_replica_follows_within_a_minute() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let settings = keys.settings(&[]);
    let apps = [App::start(&settings), App::start(&settings)];
    keys.command(&["rotate", "--vault"]);
    wait_until_within(Duration::from_secs(60), "both replicas publish two keys", || {
        apps.iter().all(|app| published(app).len() == 2)
    });
}

/// V6: Metrics show which versions of the documents a replica uses: not that of a document which it cannot use.
#[test]
fn metrics_show_the_versions_in_use() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let app = App::start(&keys.settings(&OFTEN));
    let versions = || {
        ["token-keys", "data-keys"].map(|name| {
            let document = format!("document=\"{name}\"");
            metric(&app, "keys_document_version", &[&document])
        })
    };
    assert_eq!(versions(), [1.0, 1.0]);
    keys.command(&["rotate", "--vault"]);
    wait_until("the new document is loaded", || versions() == [2.0, 1.0]);
    keys.write("data-keys", 1, "{ hush-7f3a");
    keys.command(&["rotate", "--vault"]);
    wait_until("the next one is loaded", || versions()[0] > 2.0);
    // The other document was polled meanwhile, or is by then.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(versions(), [3.0, 1.0]);
}

/// V6: Of rotations at once all are made, because one that comes second starts again.
#[test]
fn rotations_at_once_are_all_made() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    // All have read the document before one of them writes it.
    keys.server.inject(
        "secret/data/portcullis/token-keys",
        Some(8),
        &json!({ "delay_ms": 1000 }),
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| keys.command(&["rotate", "--vault", "--now"]));
        }
    });
    let (_, version) = keys.read("token-keys");
    assert_eq!((keys.token_keys().keys.len(), version), (5, 5));
}

/// V6: A change whose answer is lost is made once, and succeeds.
#[test]
fn a_change_whose_answer_is_lost_is_made_once() {
    let database = Database::not_created();
    let keys = VaultKeys::generated(&database);
    let store = DocumentStore::Vault(VaultDocument {
        vault: keys.server.client().vault,
        name: "token-keys",
    });
    let lose_answer = || {
        keys.server.inject(
            "secret/data/portcullis/token-keys",
            Some(1),
            &json!("lose_answer"),
        )
    };
    let changed = keys.server.run(store.update(|text| {
        let mut document = TokenKeys::parse(text).unwrap();
        let minute = chrono::Duration::minutes(1);
        document.rotate(clock::now(), minute, minute).unwrap();
        // The document is read already. The test's client blocks, which a runtime forbids.
        std::thread::scope(|scope| scope.spawn(lose_answer).join().unwrap());
        Ok::<_, DocumentError>(document.to_text().into())
    }));
    changed.unwrap();
    let (_, version) = keys.read("token-keys");
    assert_eq!((keys.token_keys().keys.len(), version), (2, 2));
}

/// V6: `--vault` creates, lists and removes keys as with files, and a new document replaces none.
#[test]
fn commands_work_on_documents_in_vault() {
    let database = Database::fresh();
    let keys = VaultKeys::empty(&database);
    for command in ["list", "rotate"] {
        let error = keys.error(&[command, "--vault"]);
        assert_eq!(
            error,
            "portcullis: Vault has no document secret/portcullis/token-keys\n"
        );
    }
    let generated = keys.command(&["generate", "--vault"]);
    assert!(
        generated.contains("signing") && !generated.contains("PRIVATE"),
        "{generated}"
    );
    let error = keys.error(&["generate", "--vault"]);
    assert_eq!(
        error,
        "portcullis: Vault has a document secret/portcullis/token-keys already\n"
    );
    let first = keys.token_keys().keys[0].kid.clone();
    keys.command(&["rotate", "--vault"]);
    let listed = keys.command(&["list", "--vault"]);
    assert!(listed.contains(&first) && listed.contains("waiting"), "{listed}");
    // Verifiers cache for five minutes what a replica published before it noticed the new key.
    let newest = &keys.token_keys().keys[1];
    assert_eq!((newest.sign_from - newest.created_at).num_seconds(), 360);

    keys.command(&["generate", "--vault", "--data"]);
    let old = keys.data_keys().keys[0].kid.clone();
    let error = keys.error(&["remove", "--vault", &old]);
    assert!(
        error.contains("secret/portcullis/data-keys in Vault: this key seals new values"),
        "{error}"
    );
    keys.command(&["rotate", "--vault", "--data", "--now"]);
    let left = keys.command(&["remove", "--vault", &old]);
    assert!(!left.contains(&old) && left.contains("sealing"), "{left}");

    // A deleted document counts its versions on.
    keys.server
        .call("DELETE", "secret/data/portcullis/token-keys", &json!({}));
    assert!(keys.error(&["list", "--vault"]).contains("Vault has no document"));
    keys.command(&["generate", "--vault"]);
    assert_eq!(keys.read("token-keys").1, 3);

    // Neither place, or both.
    let file = TempFile::new("json", "{}");
    for arguments in [["rotate"].as_slice(), &["rotate", "--vault", file.path_str()]] {
        assert_eq!(keys.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let without_vault = run(&["keys", "list", "--vault"], &[]);
    assert_eq!(without_vault.status.code(), Some(78));
    assert_eq!(
        stderr(&without_vault),
        "portcullis: PORTCULLIS_VAULT_ADDRESS: is not set\n"
    );
}

/// V6: Under the policies of the set-up, `portcullis-keys` changes the documents, and `portcullis` only reads them.
#[test]
fn the_policies_of_the_set_up_separate_reading_and_writing() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let login = |program: &str| {
        let pairs = [
            ("VAULT_ADDRESS", vault.address()),
            ("VAULT_ROLE_ID", program.to_owned()),
            ("VAULT_SECRET_ID", vault.secret_id(program)),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value))
    };
    for arguments in [
        ["keys", "generate", "--vault"].as_slice(),
        &["keys", "generate", "--vault", "--data"],
        &["keys", "rotate", "--vault"],
    ] {
        let denied = run(arguments, &login("portcullis"));
        assert_eq!(denied.status.code(), Some(1), "{arguments:?}: {denied:?}");
        let done = run(arguments, &login("portcullis-keys"));
        assert!(done.status.success(), "{arguments:?}: {}", stderr(&done));
    }
    let denied = run(&["keys", "rotate", "--vault"], &login("portcullis"));
    let last = "portcullis: secret/portcullis/token-keys: Vault denied permission\n";
    assert!(stderr(&denied).ends_with(last), "{}", stderr(&denied));
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| !["TOKEN_KEYS", "DATA_KEY"].contains(&name.as_str()));
    pairs.extend(login("portcullis"));
    let app = App::start(&settings(pairs, &[("KEYS", "vault")]));
    assert_eq!(published(&app).len(), 2);
}

/// E21, V6: A data key in Vault is replaced under a running service: a stored second factor stays readable and is encrypted
/// with the new key at its next use, after which the old key can be removed.
#[test]
fn a_data_key_in_vault_is_replaced() {
    let database = Database::fresh();
    let keys = VaultKeys::generated(&database);
    let pairs = keys.pairs(&OFTEN);
    let app = App::start(&settings(pairs.clone(), &[]));
    create_account(&database, ANN, Role::User);
    let token = log_in(&app, ANN).access;
    let (secret, _) = enable_totp(&app, &token);
    let sealed_with = || {
        database.lines(
            "SELECT encode(substr(totp_secret, 2, 8), 'hex') AS line FROM accounts.credentials WHERE totp_secret IS NOT NULL",
        )
    };
    let log_in_with_code = || {
        database.execute(
            "UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10; DELETE FROM sessions.throttles",
        );
        try_log_in_with_code(&app, ANN, PASSWORD, &code(&secret, 0)).status
    };
    let old = keys.data_keys().keys[0].kid.clone();
    assert_eq!(sealed_with(), [old.as_str()]);
    keys.command(&["rotate", "--vault", "--data", "--overlap", "5"]);
    let new = keys.data_keys().keys[1].kid.clone();
    wait_until_within(Duration::from_secs(60), "a use encrypts anew", || {
        assert_eq!(log_in_with_code(), 200);
        sealed_with() == [new.as_str()]
    });
    let resealed = run(&["keys", "reseal"], &pairs);
    assert_eq!(
        stdout(&resealed),
        format!("data key {new}: 0 second factors resealed, 1 in all\n"),
        "{}",
        stderr(&resealed)
    );
    keys.command(&["remove", "--vault", &old]);
    assert_eq!(log_in_with_code(), 200);
}
