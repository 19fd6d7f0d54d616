//! Follows the file of signing keys while the service runs: a rotation needs no restart. What cannot be taken is logged
//! once, and the former keys stay.
use crate::config::secret::SecretSource;
use crate::crypto::jwt::Jwt;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::time::Duration;

/// How often the file is looked at: replicas differ by no more. Its content is compared, not its date: dates may stand
/// still while a link is moved to another file, as container platforms do.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The file, and who is told.
pub struct SigningKeyReload {
    source: SecretSource,
    jwt: Jwt,
    last_read: LastRead,
}

/// What was found when the file was last looked at.
enum LastRead {
    /// Nobody has looked.
    Never,
    /// This. Whether it was taken was said then.
    Content(SecretString),
    /// It could not be read, for this reason.
    Error(String),
}

impl SigningKeyReload {
    /// The keys of this source, for whoever signs and verifies with them.
    pub fn new(source: SecretSource, jwt: Jwt) -> Self {
        Self {
            source,
            jwt,
            last_read: LastRead::Never,
        }
    }

    /// Looks at the file again and again. Keys that are no file never change.
    pub async fn follow(mut self) -> Infallible {
        if matches!(self.source, SecretSource::Value(_)) {
            return std::future::pending().await;
        }
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            ticks.tick().await;
            let source = self.source.clone();
            // The file may lie on a file system that does not answer.
            let read = tokio::task::spawn_blocking(move || secrets::read(&source)).await;
            match read {
                Ok(Ok(text)) => self.apply(text),
                Ok(Err(error)) => self.report(error.to_string()),
                Err(error) => self.report(error.to_string()),
            }
        }
    }

    fn apply(&mut self, text: SecretString) {
        if matches!(&self.last_read, LastRead::Content(seen) if seen.expose_secret() == text.expose_secret())
        {
            return;
        }
        let taken = TokenKeys::parse(text.expose_secret()).and_then(|document| self.jwt.replace(document));
        match taken {
            Ok(()) => tracing::info!(keys = self.jwt.public_keys().len(), "signing keys were read"),
            Err(error) => {
                tracing::error!(%error, "the file of signing keys is not taken; the former keys stay")
            }
        }
        self.last_read = LastRead::Content(text);
    }

    fn report(&mut self, error: String) {
        if !matches!(&self.last_read, LastRead::Error(seen) if *seen == error) {
            tracing::error!(
                error,
                "the file of signing keys is not taken; the former keys stay"
            );
        }
        self.last_read = LastRead::Error(error);
    }
}
