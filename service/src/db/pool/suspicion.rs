//! The suspicion that credentials have ended early: raised when no connection can be opened or the role seems to be gone,
//! and dismissed by what replaces the credentials.

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Shared by all generations of one purpose's credentials.
#[derive(Debug, Default)]
pub struct Suspicion {
    /// Whether a suspicion leads to other credentials. Otherwise it is not recorded.
    watched: AtomicBool,
    /// Whether other credentials may come soon.
    raised: AtomicBool,
    changed: Notify,
}

impl Suspicion {
    /// From now on, [`Self::reported`] is awaited.
    pub fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether a suspicion leads to other credentials.
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// The credentials do not work any more, so that requests should wait for others.
    pub fn raise(&self) {
        if self.is_watched() {
            self.raised.store(true, Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    /// They still do not work.
    pub fn repeat(&self) {
        self.changed.notify_one();
    }

    /// Whether requests should wait for other credentials.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// The credentials were replaced, or are not the cause.
    pub fn dismiss(&self) {
        self.raised.store(false, Ordering::Relaxed);
    }

    /// Resolves when a suspicion was raised or repeated since the last call.
    pub async fn reported(&self) {
        self.changed.notified().await;
    }
}
