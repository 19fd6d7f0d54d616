//! Counts the active requests of a connection, and records when one last started or ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The requests of one connection. Times are milliseconds since `epoch`, at least 1.
pub struct RequestActivity {
    epoch: Instant,
    active: AtomicUsize,
    last: AtomicU64,
}

/// A request that runs, or whose response is not completely written.
pub struct ActiveRequest(Arc<RequestActivity>);

impl RequestActivity {
    /// Without requests. Counts as activity now.
    pub fn new(epoch: Instant) -> Self {
        let activity = Self {
            epoch,
            active: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        };
        activity.touch();
        activity
    }

    /// Marks the start of a request. It ends when the returned value is dropped, also if the client disconnects.
    pub fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.touch();
        ActiveRequest(Arc::clone(self))
    }

    /// Whether a request is active.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed) > 0
    }

    /// When a request last started or ended.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The time now.
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    fn touch(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}
