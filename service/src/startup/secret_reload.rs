//! Reloads secrets when their document changes, so that a rotation needs no restart. An invalid document is logged once, and
//! the former secrets remain in use.

use crate::secrets::backoff::Backoff;
use crate::secrets::document::{DocumentStore, Revision};
use rand::Rng;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a file is read; replicas differ by no more than this.
pub const FILE_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The longest delay before a revision that was rejected is tried again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

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
    /// When the rejected revision may be tried again. Each attempt with credentials is a login at the server.
    retry_at: Instant,
    retry: Backoff,
}

/// A document that cannot be read, or a revision that is not usable.
struct Rejection {
    revision: Option<Revision>,
    error: String,
}

/// What a poll has found.
enum Polled {
    /// The secrets in use are those of the document.
    Valid,
    /// A revision that was rejected before, and is not tried again yet.
    Rejected,
}

fn backoff(interval: Duration) -> Backoff {
    Backoff::new(interval.saturating_mul(2), MAX_RETRY_DELAY.max(interval))
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
            retry_at: Instant::now(),
            retry: backoff(FILE_POLL_INTERVAL),
        }
    }

    /// Polls at this interval, not at that of files.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self {
            interval,
            retry: backoff(interval),
            ..self
        }
    }

    /// Polls the store for ever.
    pub async fn run(mut self) -> Infallible {
        loop {
            // Replicas that started together do not ask a server together.
            let jitter = rand::rng().random_range(0.8..1.2);
            tokio::time::sleep(self.interval.mul_f64(jitter)).await;
            match self.poll().await {
                Ok(Polled::Rejected) => {}
                Ok(Polled::Valid) => {
                    if self.reported.take().is_some() {
                        tracing::info!("the {} are valid again", self.name);
                    }
                }
                Err(rejection) => self.report(rejection),
            }
        }
    }

    async fn poll(&mut self) -> Result<Polled, Rejection> {
        let read = self.store.read_changed(&self.loaded).await;
        let unreadable = |error: String| Rejection {
            revision: None,
            error,
        };
        let Some(revision) = read.map_err(|error| unreadable(error.to_string()))? else {
            return Ok(Polled::Valid);
        };
        if self.is_rejected(&revision) {
            if Instant::now() < self.retry_at {
                return Ok(Polled::Rejected);
            }
        } else {
            self.retry.reset();
        }
        let (replace, new) = (Arc::clone(&self.replace), revision.clone());
        let replaced = tokio::task::spawn_blocking(move || replace(&new)).await;
        match replaced.map_err(|error| unreadable(error.to_string()))? {
            Ok(count) => {
                tracing::info!(count, version = revision.version(), "{} loaded", self.name);
                self.loaded = revision;
                Ok(Polled::Valid)
            }
            Err(error) => {
                self.retry_at = Instant::now() + self.retry.next_delay();
                Err(Rejection {
                    revision: Some(revision),
                    error,
                })
            }
        }
    }

    fn is_rejected(&self, revision: &Revision) -> bool {
        let last = self.reported.as_ref().and_then(|last| last.revision.as_ref());
        last.is_some_and(|last| last.is(revision))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::sync::Mutex;

    /// V3: A revision that does not work is tried again less and less often, and another one at once.
    #[tokio::test]
    async fn a_rejected_revision_is_tried_less_and_less_often() {
        let file: PathBuf = std::env::temp_dir().join(format!("portcullis-reload-{}", std::process::id()));
        std::fs::write(&file, "the first").unwrap();
        let store = DocumentStore::File(file.clone());
        let loaded = store.read().await.unwrap();
        let attempts = Arc::new(Mutex::new(Vec::<String>::new()));
        let recorded = Arc::clone(&attempts);
        let replace: Replace = Arc::new(move |revision| {
            recorded.lock().unwrap().push(revision.text().to_owned());
            if revision.text() == "another" {
                Ok(1)
            } else {
                Err("it does not work".to_owned())
            }
        });
        let interval = Duration::from_millis(5);
        let reload = SecretReload::new("secrets", store, loaded, replace).every(interval);
        let task = tokio::spawn(reload.run());
        let count = |text: &str| {
            attempts
                .lock()
                .unwrap()
                .iter()
                .filter(|seen| *seen == text)
                .count()
        };
        std::fs::write(&file, "a wrong one").unwrap();
        tokio::time::sleep(interval * 200).await;
        let wrong = count("a wrong one");
        assert!((2..60).contains(&wrong), "{wrong}");
        std::fs::write(&file, "another").unwrap();
        tokio::time::sleep(interval * 20).await;
        assert_eq!(count("another"), 1);
        task.abort();
        std::fs::remove_file(file).unwrap();
    }
}
