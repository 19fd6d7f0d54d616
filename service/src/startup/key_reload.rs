//! Reloads keys when their file changes, so that a rotation needs no restart. An invalid file is logged once, and the
//! former keys remain in use.

use crate::config::secret::SecretSource;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::time::Duration;

/// How often the file is read; replicas differ by no more than this. The content is compared rather than the
/// modification time, which need not change when container platforms switch a symbolic link.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Replaces the keys in use by those of a text; returns their number.
type Replace = Box<dyn Fn(&str) -> Result<usize, String> + Send>;

/// The file and the keys in use.
pub struct KeyReload {
    name: &'static str,
    source: SecretSource,
    replace: Replace,
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

impl KeyReload {
    /// Reloads keys from this source. `name` appears in the log.
    pub fn new(name: &'static str, source: SecretSource, replace: Replace) -> Self {
        Self {
            name,
            source,
            replace,
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
        match (self.replace)(text.expose_secret()) {
            Ok(count) => tracing::info!(count, "{} loaded", self.name),
            Err(error) => tracing::error!(
                error,
                "cannot load the {}; the former ones remain in use",
                self.name
            ),
        }
        self.last_read = LastRead::Content(text);
    }

    fn report(&mut self, error: String) {
        if !matches!(&self.last_read, LastRead::Error(last) if *last == error) {
            tracing::error!(
                error,
                "cannot load the {}; the former ones remain in use",
                self.name
            );
        }
        self.last_read = LastRead::Error(error);
    }
}
