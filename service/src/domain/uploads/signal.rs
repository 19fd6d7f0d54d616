//! Wakes and stops the worker's thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by the worker and what wakes or stops it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Signal(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    has_work: bool,
    is_stopping: bool,
}

impl Signal {
    /// A job was queued.
    pub fn wake(&self) {
        self.lock().has_work = true;
        self.0.1.notify_all();
    }

    /// The service stops.
    pub fn stop(&self) {
        self.lock().is_stopping = true;
        self.0.1.notify_all();
    }

    /// Whether the service stops.
    pub fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    /// Waits for a job, the stop or the end of this time.
    pub fn wait(&self, time: Duration) {
        self.sleep(time, |state| std::mem::take(&mut state.has_work));
    }

    /// Waits for the stop or the end of this time.
    pub fn wait_for_stop(&self, time: Duration) {
        self.sleep(time, |_| false);
    }

    fn sleep(&self, time: Duration, mut is_awake: impl FnMut(&mut State) -> bool) {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while !state.is_stopping && !is_awake(&mut state) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
