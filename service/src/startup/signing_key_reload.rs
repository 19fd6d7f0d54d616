//! Reloads the signing keys when their file changes, so that a rotation needs no restart. An invalid file is logged
//! once, and the former keys remain in use.

use crate::config::secret::SecretSource;
use crate::crypto::jwt::Jwt;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::time::Duration;

/// How often the file is read; replicas differ by no more than this. The content is compared rather than the
/// modification time, which need not change when container platforms switch a symbolic link.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The file and the keys in use.
pub struct SigningKeyReload {
    source: SecretSource,
    jwt: Jwt,
    last_read: LastRead,
}

/// The result of the last read.
enum LastRead {
    /// Not read yet.
    Never,
    /// This content, valid or not.
    Content(SecretString),
    /// This error.
    Error(String),
}

impl SigningKeyReload {
    /// Reloads the keys of `jwt` from this source.
    pub fn new(source: SecretSource, jwt: Jwt) -> Self {
        Self {
            source,
            jwt,
            last_read: LastRead::Never,
        }
    }

    /// Polls the file for ever. Keys given as a value never change.
    pub async fn run(mut self) -> Infallible {
        if matches!(self.source, SecretSource::Value(_)) {
            return std::future::pending().await;
        }
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            ticks.tick().await;
            let source = self.source.clone();
            // The file may be on a file system that hangs.
            let read = tokio::task::spawn_blocking(move || secrets::read(&source)).await;
            match read {
                Ok(Ok(text)) => self.apply(text),
                Ok(Err(error)) => self.report(error.to_string()),
                Err(error) => self.report(error.to_string()),
            }
        }
    }

    fn apply(&mut self, text: SecretString) {
        if matches!(&self.last_read, LastRead::Content(last) if last.expose_secret() == text.expose_secret())
        {
            return;
        }
        let replaced = TokenKeys::parse(text.expose_secret()).and_then(|document| self.jwt.replace(document));
        match replaced {
            Ok(()) => tracing::info!(keys = self.jwt.public_keys().len(), "signing keys loaded"),
            Err(error) => {
                tracing::error!(%error, "cannot load the signing keys; the former ones remain in use")
            }
        }
        self.last_read = LastRead::Content(text);
    }

    fn report(&mut self, error: String) {
        if !matches!(&self.last_read, LastRead::Error(last) if *last == error) {
            tracing::error!(
                error,
                "cannot load the signing keys; the former ones remain in use"
            );
        }
        self.last_read = LastRead::Error(error);
    }
}
