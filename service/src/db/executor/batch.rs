//! Request batching: one round trip answers all lookups of a kind that wait at the same time. Under load a round trip
//! costs more than the rows that it returns; without load a batch holds one lookup and delays nothing.

use super::pending_result::{PendingResult, ResultSender, pending_result};
use crate::db::error::DbError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lookups in one batch.
const MAX_BATCH: usize = 32;

/// Maximum queue length. A hung server returns no batch, so nothing drains the queue.
const MAX_QUEUED: usize = 4096;

/// Batches of one kind that are under way at the same time.
const MAX_IN_FLIGHT: usize = 3;

/// Another batch is dispatched only when the last one has been in flight for this long: usually one at a time carries
/// the most, but a slow statement must not hold up the lookups behind it.
const DISPATCH_INTERVAL: Duration = Duration::from_millis(5);

/// Collects the lookups of one kind. Cheap to clone.
pub struct Batcher<K, V>(Arc<Mutex<State<K, V>>>);

struct State<K, V> {
    queue: Vec<QueuedLookup<K, V>>,
    in_flight: usize,
    last_dispatch: Instant,
}

impl<K, V> Clone for Batcher<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Batcher<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            queue: Vec::new(),
            in_flight: 0,
            last_dispatch: Instant::now(),
        })))
    }
}

/// Whether the caller must dispatch a batch.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// The batch takes whatever waits when it runs.
    Now,
    /// A batch in flight takes the waiting lookups, or none wait.
    NotNeeded,
}

/// A lookup that waits for a batch.
pub struct QueuedLookup<K, V> {
    key: K,
    queued_at: Instant,
    start_deadline: Instant,
    result: ResultSender<V>,
}

impl<K, V> Batcher<K, V> {
    /// Queues a lookup.
    pub fn enqueue(
        &self,
        key: K,
        start_deadline: Instant,
        finish_deadline: Instant,
    ) -> (PendingResult<V>, Dispatch) {
        let (result, pending) = pending_result(start_deadline, finish_deadline);
        let mut state = self.lock();
        if state.queue.len() >= MAX_QUEUED {
            state.queue.retain(|lookup| lookup.result.is_wanted());
        }
        // A lookup beyond the capacity is dropped here, and its pending result reports that.
        if state.queue.len() < MAX_QUEUED {
            state.queue.push(QueuedLookup {
                key,
                queued_at: Instant::now(),
                start_deadline,
                result,
            });
        }
        let is_slow = state.in_flight < MAX_IN_FLIGHT && state.last_dispatch.elapsed() > DISPATCH_INTERVAL;
        if state.in_flight > 0 && !is_slow {
            return (pending, Dispatch::NotNeeded);
        }
        state.in_flight += 1;
        state.last_dispatch = Instant::now();
        (pending, Dispatch::Now)
    }

    /// Takes a batch, oldest lookups first. Expired and abandoned ones are dropped.
    pub fn take_batch(&self) -> Vec<QueuedLookup<K, V>> {
        let mut state = self.lock();
        let size = state.queue.len().min(MAX_BATCH);
        let rest = state.queue.split_off(size);
        let mut batch = std::mem::replace(&mut state.queue, rest);
        let now = Instant::now();
        state.last_dispatch = now;
        drop(state);
        batch.retain(|lookup| lookup.start_deadline > now && lookup.result.is_wanted());
        batch
    }

    /// A batch has ended. If more lookups wait, the caller must dispatch another batch in its place.
    pub fn finish(&self) -> Dispatch {
        let mut state = self.lock();
        if state.queue.is_empty() {
            state.in_flight -= 1;
            Dispatch::NotNeeded
        } else {
            Dispatch::Now
        }
    }

    /// A batch cannot be dispatched: rejects all queued lookups.
    pub fn reject_all(&self) {
        let mut state = self.lock();
        state.in_flight -= 1;
        state.queue.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> QueuedLookup<K, V> {
    /// The batch runs. Returns how long this lookup has waited.
    pub fn start(&self) -> Duration {
        self.result.start();
        self.queued_at.elapsed()
    }

    /// What is looked up.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Hands over the result.
    pub fn complete(self, result: Result<V, DbError>) {
        self.result.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_lookups_are_answered_in_batches() {
        let batcher = Batcher::<u32, u32>::default();
        let deadline = Instant::now() + Duration::from_secs(5);
        let pending: Vec<_> = (0..40)
            .map(|key| batcher.enqueue(key, deadline, deadline))
            .collect();
        let dispatched = pending
            .iter()
            .filter(|(_, dispatch)| *dispatch == Dispatch::Now)
            .count();
        assert!((1..=MAX_IN_FLIGHT).contains(&dispatched));
        let first = batcher.take_batch();
        assert_eq!(first.len(), MAX_BATCH);
        assert_eq!(batcher.finish(), Dispatch::Now);
        let second = batcher.take_batch();
        assert_eq!(second.len(), 8);
        assert_eq!(batcher.finish(), Dispatch::NotNeeded);
        for lookup in first.into_iter().chain(second) {
            lookup.start();
            let value = lookup.key() * 2;
            lookup.complete(Ok(value));
        }
        for (key, (pending, _)) in pending.into_iter().enumerate() {
            assert_eq!(pending.wait("test").await, Ok(u32::try_from(key).unwrap() * 2));
        }
    }

    #[tokio::test]
    async fn expired_and_abandoned_lookups_are_not_run() {
        let batcher = Batcher::<u32, u32>::default();
        let soon = Instant::now() + Duration::from_millis(20);
        let later = Instant::now() + Duration::from_secs(5);
        let (late, _) = batcher.enqueue(1, soon, soon);
        let (abandoned, _) = batcher.enqueue(2, later, later);
        drop(abandoned);
        assert_eq!(late.wait("test").await, Err(DbError::Exhausted));
        assert!(batcher.take_batch().is_empty());
        let (broken, _) = batcher.enqueue(3, later, later);
        for lookup in batcher.take_batch() {
            lookup.start();
        }
        assert_eq!(broken.wait("test").await, Err(DbError::Failed));
    }

    #[tokio::test]
    async fn a_hung_batch_times_out_and_a_second_one_is_dispatched() {
        let batcher = Batcher::<u32, u32>::default();
        let soon = Instant::now() + Duration::from_millis(10);
        let (hung, dispatch) = batcher.enqueue(1, soon, soon + Duration::from_millis(20));
        assert_eq!(dispatch, Dispatch::Now);
        let batch = batcher.take_batch();
        for lookup in &batch {
            let _ = lookup.start();
        }
        tokio::time::sleep(2 * DISPATCH_INTERVAL).await;
        assert_eq!(batcher.enqueue(2, soon, soon).1, Dispatch::Now);
        assert_eq!(hung.wait("test").await, Err(DbError::Timeout));
        drop(batch);
    }

    #[tokio::test]
    async fn abandoned_lookups_make_room_and_the_queue_is_bounded() {
        let batcher = Batcher::<usize, u32>::default();
        let later = Instant::now() + Duration::from_secs(5);
        for key in 0..2 * MAX_QUEUED {
            drop(batcher.enqueue(key, later, later));
        }
        assert!(batcher.lock().queue.len() <= MAX_QUEUED);
        let pending: Vec<_> = (0..MAX_QUEUED)
            .map(|key| batcher.enqueue(key, later, later))
            .collect();
        let (rejected, _) = batcher.enqueue(0, later, later);
        assert_eq!(rejected.wait("test").await, Err(DbError::Exhausted));
        assert_eq!(batcher.lock().queue.len(), pending.len());
    }
}
