//! The places for connections. When all are taken, whoever has asked nothing yet must go, oldest first: an attacker who
//! opens connections and dawdles keeps nobody out.
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// As many places as there may be connections.
pub struct Places {
    free: Arc<Semaphore>,
    count: u32,
    silent: Mutex<VecDeque<Arc<Visitor>>>,
}

/// One connection, as the others see it.
#[derive(Default)]
pub struct Visitor {
    asked: AtomicBool,
    gone: AtomicBool,
    leave: Notify,
}

impl Visitor {
    /// The first request has come: this one stays.
    pub fn asks(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether a request has come.
    pub fn has_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Resolves when its place is needed.
    pub async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.visitor.gone.store(true, Ordering::Relaxed);
    }
}

/// A taken place.
pub struct Seat {
    /// Who sits there.
    pub visitor: Arc<Visitor>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// This many places.
    pub fn new(count: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(count)),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            silent: Mutex::default(),
        }
    }

    /// A place, as soon as there is one; `true`: somebody was sent away for it.
    pub async fn take(&self) -> Option<(Seat, bool)> {
        let (permit, evicted) = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => (permit, false),
            Err(_) => {
                let evicted = self.evict();
                (Arc::clone(&self.free).acquire_owned().await.ok()?, evicted)
            }
        };
        let visitor = Arc::new(Visitor::default());
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        // The front is swept at each arrival, so that the list stays about as long as there are silent visitors.
        while silent
            .front()
            .is_some_and(|first| first.has_asked() || first.gone.load(Ordering::Relaxed))
        {
            silent.pop_front();
        }
        silent.push_back(Arc::clone(&visitor));
        drop(silent);
        Some((
            Seat {
                visitor,
                _permit: permit,
            },
            evicted,
        ))
    }

    /// Resolves when every place is free again.
    pub async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn evict(&self) -> bool {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = silent.pop_front() {
            if !oldest.has_asked() && !oldest.gone.load(Ordering::Relaxed) {
                oldest.leave.notify_one();
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_silent_visitor_leaves_when_a_place_is_needed() {
        let places = Arc::new(Places::new(2));
        let (asking, _) = places.take().await.unwrap();
        asking.visitor.asks();
        let (silent, evicted) = places.take().await.unwrap();
        assert!(!evicted);
        let visitor = Arc::clone(&silent.visitor);
        let leaving = tokio::spawn(async move {
            visitor.must_leave().await;
            drop(silent);
        });
        let (_seat, evicted) = places.take().await.unwrap();
        assert!(evicted);
        leaving.await.unwrap();
        assert!(asking.visitor.has_asked());
    }
}
