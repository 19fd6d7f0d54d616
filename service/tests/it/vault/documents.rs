//! Documents in the KV engine, and wrapping.

use super::server::{VaultServer, error, revealed};
use portcullis::secrets::vault::VaultError;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

/// V1: A document is written only over the version that the writer has read.
#[test]
fn a_document_is_written_over_the_version_that_was_read() {
    let server = VaultServer::start();
    let vault = server.client().vault;
    let read = |path| server.run(vault.read_document(path)).unwrap();
    let version = |path| server.run(vault.document_version(path)).unwrap();
    let write = |version, text: &str| {
        server.run(vault.write_document("token-keys", version, &SecretString::from(text)))
    };
    assert!(read("token-keys").is_none());
    assert_eq!(version("token-keys"), None);
    // As the set-up leaves it.
    server.write(
        "secret/metadata/portcullis/token-keys",
        &json!({ "cas_required": true }),
    );
    assert!(read("token-keys").is_none());
    assert_eq!(version("token-keys"), None);

    let texts = ["the first\ntext \u{fc}", "the second text"];
    assert_eq!(write(0, texts[0]).unwrap(), 1);
    assert_eq!(error(write(0, texts[1])), VaultError::Conflict);
    assert_eq!(write(1, texts[1]).unwrap(), 2);
    assert_eq!(error(write(1, "a third text")), VaultError::Conflict);
    let document = read("token-keys").unwrap();
    assert_eq!((revealed(&document.text), document.version), (texts[1], 2));
    assert_eq!(version("token-keys"), Some(2));
    assert!(!format!("{document:?}").contains(texts[1]));

    server.call("DELETE", "secret/data/portcullis/token-keys", &Value::Null);
    assert!(read("token-keys").is_none());
    assert_eq!(version("token-keys"), Some(2), "a deleted version counts");
}

/// V1: A secret that has another form is no answer to wait for: it remains as it is until it is written again.
#[test]
fn a_secret_of_another_form_is_not_retried() {
    let server = VaultServer::start();
    let vault = server.client().vault;
    for data in [
        json!({ "something": "else-that-is-secret" }),
        json!({ "document": { "keys": ["else-that-is-secret"] } }),
        json!({ "document": null }),
        json!({}),
    ] {
        server.write("secret/data/portcullis/other", &json!({ "data": data }));
        let failed = error(server.run(vault.read_document("other")));
        assert_eq!(failed, VaultError::NoText, "{data}");
        assert!(!failed.is_retryable());
        assert!(failed.to_string().contains("`document`"), "{failed}");
    }
}

/// V1: A wrapped text is read once, and not at all after its time.
#[test]
fn a_wrapped_text_is_read_once() {
    let server = VaultServer::start();
    let vault = server.client().vault;
    let content = json!({ "username": "v-ann", "password": "a-wrapped-password" });
    let wrap = || {
        server
            .run(vault.wrap(&content, Duration::from_secs(120)))
            .unwrap()
    };
    let token = wrap();
    assert_eq!(server.run(vault.unwrap(&token)).unwrap(), content);
    assert_eq!(error(server.run(vault.unwrap(&token))), VaultError::WrapSpent);
    let late = wrap();
    server.server.advance(Duration::from_secs(121));
    assert_eq!(error(server.run(vault.unwrap(&late))), VaultError::WrapSpent);
    assert_eq!(
        error(server.run(vault.unwrap(&"not a token".into()))),
        VaultError::WrapSpent
    );
}
