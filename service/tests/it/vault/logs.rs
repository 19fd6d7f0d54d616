//! No secret reaches the log of the client, not even at the most detailed level.

use super::server::{VaultClient, VaultServer, revealed};
use crate::support::temp_file::TempFile;
use secrecy::SecretString;
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// J2, V1: Calls that succeed and calls that fail log no SecretID, token, password or document, with every library at the level
/// trace, and the handle's `Debug` shows none. Logins and incidents name their client.
#[test]
fn no_secret_is_logged_at_any_level() {
    let server = VaultServer::start();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(lines.clone())
        .finish();
    let secret_id = server.secret_id();
    let wrapping_token = server.wrapped_secret_id("5m");
    let file = TempFile::new("wrapped", &wrapping_token);
    let settings = server.settings(&[("VAULT_ROLE_ID", "portcullis"), ("VAULT_SECRET_ID", &secret_id)]);
    let wrapped = server.settings(&[
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_WRAPPED_SECRET_ID_FILE", file.path_str()),
    ]);
    let document = "a document that is secret";
    let mut secrets = vec![secret_id, wrapping_token, document.to_owned()];
    // One thread, so that every task logs to this subscriber.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let client = VaultClient::new(&settings);
            let vault = &client.vault;
            let (credentials, mut lease) = vault.issue_login("rates").await.unwrap();
            vault.renew(&mut lease).await.unwrap();
            vault
                .write_document("token-keys", 0, &SecretString::from(document))
                .await
                .unwrap();
            vault.read_document("token-keys").await.unwrap().unwrap();
            let wrapped_text = vault
                .wrap(&json!({ "document": document }), Duration::from_secs(60))
                .await
                .unwrap();
            vault.unwrap(&wrapped_text).await.unwrap();
            vault.unwrap(&wrapped_text).await.unwrap_err();
            vault.issue_login("unknown").await.unwrap_err();
            vault.revoke(&lease).await.unwrap();
            let shown = format!("{vault:?} {lease:?} {credentials:?} {settings:?}");
            vault.close().await;
            let second = VaultClient::new(&wrapped).vault;
            second.log_in().await.unwrap();
            VaultClient::new(&wrapped).vault.log_in().await.unwrap_err();
            (credentials.password, wrapped_text, shown)
        })
    });
    let (password, wrapped_text, shown) = found;
    secrets.push(revealed(&password).to_owned());
    secrets.push(revealed(&wrapped_text).to_owned());
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.contains("rustify"), "{log}");
    let rejected = "vault.wrapped_secret_id_rejected";
    let mut rejections = log.lines().filter(|line| line.contains(rejected));
    let is_named = rejections.all(|line| line.contains("\"service\""));
    assert!(log.contains(rejected) && is_named, "{log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "the log holds {secret}");
        assert!(!shown.contains(&secret), "{shown}");
    }
    // Tokens of the server: their form is enough to find them.
    let mut words = log.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    assert_eq!(words.find(|word| is_token(word)), None);
}

/// Whether a word has the form of the server's tokens: `s.` and 24 letters and digits.
fn is_token(word: &str) -> bool {
    word.strip_prefix("s.")
        .is_some_and(|rest| rest.len() >= 24 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
