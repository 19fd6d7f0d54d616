//! Reloads secrets when their file changes, so that a rotation needs no restart. An invalid file is logged once, and the
//! former secrets remain in use.

use crate::config::secret::SecretSource;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often the file is read; replicas differ by no more than this. The content is compared rather than the
/// modification time, which need not change when container platforms switch a symbolic link.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Replaces the secrets in use by those of a text; returns their number. May block.
type Replace = Arc<dyn Fn(&str) -> Result<usize, String> + Send + Sync>;

/// The file and the secrets in use.
pub struct SecretReload {
    name: String,
    source: SecretSource,
    replace: Replace,
    /// The content in use. `None`: the file was not read yet.
    loaded: Option<SecretString>,
    /// What was logged last.
    reported: Option<Rejection>,
}

/// A file that cannot be read, or content that is not usable.
struct Rejection {
    content: Option<SecretString>,
    error: String,
}

impl SecretReload {
    /// Reloads secrets from this source. `name` appears in the log.
    pub fn new(name: impl Into<String>, source: SecretSource, replace: Replace) -> Self {
        Self {
            name: name.into(),
            source,
            replace,
            loaded: None,
            reported: None,
        }
    }

    /// The content in use already.
    #[must_use]
    pub fn loaded(self, text: SecretString) -> Self {
        Self {
            loaded: Some(text),
            ..self
        }
    }

    /// Polls the file for ever. Secrets given as a value never change.
    pub async fn run(mut self) -> Infallible {
        if matches!(self.source, SecretSource::Value(_)) {
            return std::future::pending().await;
        }
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            ticks.tick().await;
            let (source, replace, loaded) = (
                self.source.clone(),
                Arc::clone(&self.replace),
                self.loaded.clone(),
            );
            // The file may be on a file system that hangs.
            let reload = move || reload(&source, &*replace, loaded.as_ref());
            match tokio::task::spawn_blocking(reload).await {
                Ok(Ok(None)) => self.reported = None,
                Ok(Ok(Some((text, count)))) => {
                    tracing::info!(count, "{} loaded", self.name);
                    (self.loaded, self.reported) = (Some(text), None);
                }
                Ok(Err(rejection)) => self.report(rejection),
                Err(error) => self.report(Rejection {
                    content: None,
                    error: error.to_string(),
                }),
            }
        }
    }

    fn report(&mut self, new: Rejection) {
        let is_known = |last: &Rejection| {
            last.error == new.error && is_equal(last.content.as_ref(), new.content.as_ref())
        };
        if !self.reported.as_ref().is_some_and(is_known) {
            tracing::error!(
                error = new.error,
                "cannot load the {}; the former ones remain in use",
                self.name
            );
        }
        self.reported = Some(new);
    }
}

fn is_equal(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

/// Replaces the secrets unless the file's content is in use already; returns the content and the number of secrets.
fn reload(
    source: &SecretSource,
    replace: &dyn Fn(&str) -> Result<usize, String>,
    loaded: Option<&SecretString>,
) -> Result<Option<(SecretString, usize)>, Rejection> {
    let text = secrets::read(source).map_err(|error| Rejection {
        content: None,
        error: error.to_string(),
    })?;
    if is_equal(loaded, Some(&text)) {
        return Ok(None);
    }
    match replace(text.expose_secret()) {
        Ok(count) => Ok(Some((text, count))),
        Err(error) => Err(Rejection {
            content: Some(text),
            error,
        }),
    }
}
