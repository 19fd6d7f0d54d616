//! Limits the number of connections. When all slots are taken, a new connection evicts the one that has been idle
//! longest, or, if none is idle, the one whose request has been running longest: slow clients cannot lock others out.

use super::connection::Connection;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request may run before its connection can be evicted.
const EVICTION_GRACE: Duration = Duration::from_secs(1);

/// How often a connection to evict is searched while all slots are taken.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The slots, one per allowed connection.
pub struct ConnectionSlots {
    free: Arc<Semaphore>,
    count: u32,
    opened: Instant,
    next: AtomicU64,
    taken: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
}

/// A taken slot.
pub struct Slot {
    /// The connection in it.
    pub connection: Arc<Connection>,
    number: u64,
    taken: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.taken).remove(&self.number);
    }
}

impl ConnectionSlots {
    /// Creates this many slots.
    pub fn new(count: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(count)),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            opened: Instant::now(),
            next: AtomicU64::new(0),
            taken: Arc::default(),
        }
    }

    /// Waits for a slot; `true`: another connection was evicted for it.
    pub async fn take(&self) -> Option<(Slot, bool)> {
        let (mut permit, mut evicted) = (Arc::clone(&self.free).try_acquire_owned().ok(), false);
        while permit.is_none() {
            // A connection that cannot be evicted yet may be soon, so this is repeated until a slot is free.
            evicted |= self.evict();
            let waiting = tokio::time::timeout(RETRY_INTERVAL, Arc::clone(&self.free).acquire_owned());
            permit = waiting
                .await
                .map_or(Ok(None), |acquired| acquired.map(Some))
                .ok()?;
        }
        let permit = permit?;
        let connection = Arc::new(Connection::new(self.opened));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.taken).insert(number, Arc::clone(&connection));
        Some((
            Slot {
                connection,
                number,
                taken: Arc::clone(&self.taken),
                _permit: permit,
            },
            evicted,
        ))
    }

    /// Resolves when all slots are free.
    pub async fn wait_until_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    /// Evicts a connection, if any can be. Scans all of them, in microseconds, only while the slots are full.
    fn evict(&self) -> bool {
        let taken = lock(&self.taken);
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let evictable = |connection: &&Arc<Connection>| {
            let unchanged = now.saturating_sub(connection.last_activity());
            !connection.is_active() || Duration::from_millis(unchanged) > EVICTION_GRACE
        };
        // Connections with a pending eviction come last: one that does not close must not block the eviction of others.
        let victim = taken.values().filter(evictable).min_by_key(|connection| {
            (
                connection.is_evicting(),
                connection.is_active(),
                connection.last_activity(),
            )
        });
        victim.inspect(|connection| connection.evict()).is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_idle_connection_is_evicted_and_an_active_one_is_not() {
        let slots = ConnectionSlots::new(3);
        let (active, _) = slots.take().await.unwrap();
        let requests = active.connection.begin_request(false);
        let (idle, _) = slots.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (fresh, evicted) = slots.take().await.unwrap();
        assert!(!evicted);
        let connection = Arc::clone(&idle.connection);
        let closing = tokio::spawn(async move {
            connection.evicted().await;
            drop(idle);
        });
        let (_new, evicted) = slots.take().await.unwrap();
        assert!(evicted);
        closing.await.unwrap();
        assert!(active.connection.is_active() && !fresh.connection.is_active());
        drop(requests);
        assert!(!active.connection.is_active());
    }

    #[tokio::test]
    async fn the_longest_running_request_is_evicted_when_none_is_idle() {
        let slots = ConnectionSlots::new(2);
        let (first, _) = slots.take().await.unwrap();
        let (second, _) = slots.take().await.unwrap();
        let requests = [
            first.connection.begin_request(false),
            second.connection.begin_request(false),
        ];
        let connection = Arc::clone(&first.connection);
        let closing = tokio::spawn(async move {
            connection.evicted().await;
            drop(first);
        });
        let started = Instant::now();
        let (_new, evicted) = slots.take().await.unwrap();
        assert!(evicted && started.elapsed() >= EVICTION_GRACE);
        closing.await.unwrap();
        drop(requests);
    }

    #[tokio::test]
    async fn a_connection_that_does_not_close_does_not_block_eviction() {
        let slots = ConnectionSlots::new(2);
        let (_unresponsive, _) = slots.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (responsive, _) = slots.take().await.unwrap();
        let connection = Arc::clone(&responsive.connection);
        let closing = tokio::spawn(async move {
            connection.evicted().await;
            drop(responsive);
        });
        let taken = tokio::time::timeout(Duration::from_secs(5), slots.take()).await;
        assert!(taken.unwrap().unwrap().1);
        closing.await.unwrap();
    }
}
