//! Reloads secrets when their document changes, so that a rotation needs no restart. An invalid document is logged once, and
//! the former secrets remain in use.

use crate::secrets::document::{DocumentStore, Revision};
use rand::Rng;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often a file is read; replicas differ by no more than this.
pub const FILE_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Replaces the secrets in use by those of a revision; returns their number. May block.
pub type Replace = Arc<dyn Fn(&Revision) -> Result<usize, String> + Send + Sync>;

/// A document and the secrets in use.
pub struct SecretReload {
    name: String,
    store: DocumentStore,
    replace: Replace,
    interval: Duration,
    /// What is in use.
    loaded: Revision,
    /// What was logged last.
    reported: Option<Rejection>,
}

/// A document that cannot be read, or a revision that is not usable.
struct Rejection {
    revision: Option<Revision>,
    error: String,
}

impl Rejection {
    fn is(&self, other: &Self) -> bool {
        let is_same_revision = match (&self.revision, &other.revision) {
            (Some(one), Some(other)) => one.is(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same_revision && self.error == other.error
    }
}

impl SecretReload {
    /// Reloads secrets from this store, of which one revision is in use. `name` appears in the log.
    pub fn new(name: impl Into<String>, store: DocumentStore, loaded: Revision, replace: Replace) -> Self {
        Self {
            name: name.into(),
            store,
            replace,
            interval: FILE_POLL_INTERVAL,
            loaded,
            reported: None,
        }
    }

    /// Polls at this interval, not at that of files.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Polls the store for ever.
    pub async fn run(mut self) -> Infallible {
        loop {
            // Replicas that started together do not ask a server together.
            let jitter = rand::rng().random_range(0.8..1.2);
            tokio::time::sleep(self.interval.mul_f64(jitter)).await;
            match self.poll().await {
                Ok(()) => {
                    if self.reported.take().is_some() {
                        tracing::info!("the {} are valid again", self.name);
                    }
                }
                Err(rejection) => self.report(rejection),
            }
        }
    }

    async fn poll(&mut self) -> Result<(), Rejection> {
        let read = self.store.read_changed(&self.loaded).await;
        let unreadable = |error: String| Rejection {
            revision: None,
            error,
        };
        let Some(revision) = read.map_err(|error| unreadable(error.to_string()))? else {
            return Ok(());
        };
        let (replace, new) = (Arc::clone(&self.replace), revision.clone());
        let replaced = tokio::task::spawn_blocking(move || replace(&new)).await;
        match replaced.map_err(|error| unreadable(error.to_string()))? {
            Ok(count) => {
                tracing::info!(count, version = revision.version(), "{} loaded", self.name);
                self.loaded = revision;
                Ok(())
            }
            Err(error) => Err(Rejection {
                revision: Some(revision),
                error,
            }),
        }
    }

    fn report(&mut self, new: Rejection) {
        if !self.reported.as_ref().is_some_and(|last| last.is(&new)) {
            tracing::error!(
                error = new.error,
                "cannot load the {}; the former ones remain in use",
                self.name
            );
        }
        self.reported = Some(new);
    }
}
