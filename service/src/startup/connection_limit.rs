//! The slots for connections. When all are taken, whoever has been idle the victim must go, and where nobody is idle,
//! whoever has been at one request the victim: an attacker who opens connections and dawdles keeps nobody out.
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Milliseconds that a request may take before its connection's place can be needed for somebody else.
const MIN_ACTIVE_MILLIS: u64 = 1_000;

/// How often a full house is looked over for somebody who may go.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// As many slots as there may be connections.
pub struct ConnectionSlots {
    free: Arc<Semaphore>,
    count: u32,
    opened: Instant,
    next: AtomicU64,
    taken: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
}

/// One connection, as the others see it.
pub struct Connection {
    opened: Instant,
    received_request: AtomicBool,
    active: AtomicUsize,
    /// Milliseconds from the opening to the last begin or end of a request.
    last_activity: AtomicU64,
    eviction: Notify,
    /// Whether they were evicting to leave.
    evicting: AtomicBool,
}

impl Connection {
    fn new(opened: Instant) -> Self {
        let connection = Self {
            opened,
            received_request: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            last_activity: AtomicU64::new(0),
            eviction: Notify::new(),
            evicting: AtomicBool::new(false),
        };
        connection.touch();
        connection
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_activity.store(elapsed, Ordering::Relaxed);
    }

    /// A request begins; it ends when the returned value is dropped, also when its client went away half-way.
    pub fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        self.received_request.store(true, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        self.touch();
        ActiveRequest(Arc::clone(self))
    }

    /// Whether a request has come.
    pub fn has_received_request(&self) -> bool {
        self.received_request.load(Ordering::Relaxed)
    }

    /// Whether a request is being answered right now: then it is we who keep the client waiting.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed) > 0
    }

    /// Resolves when its place is needed.
    pub async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

/// A request that is being answered.
pub struct ActiveRequest(Arc<Connection>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

/// A taken place.
pub struct Slot {
    /// Who sits there.
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
    /// This many slots.
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

    /// A place, as soon as there is one; `true`: somebody was sent away for it.
    pub async fn take(&self) -> Option<(Slot, bool)> {
        let (mut permit, mut evicted) = (Arc::clone(&self.free).try_acquire_owned().ok(), false);
        while permit.is_none() {
            // Whoever may not be sent away now may be soon: received_request again until there is room.
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

    /// Resolves when every place is free again.
    pub async fn wait_until_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    /// Only a full house looks at every connection; that takes microseconds.
    fn evict(&self) -> bool {
        let taken = lock(&self.taken);
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last_activity = |connection: &Arc<Connection>| connection.last_activity.load(Ordering::Relaxed);
        let evictable = |connection: &&Arc<Connection>| {
            !connection.is_active() || now - last_activity(connection).min(now) > MIN_ACTIVE_MILLIS
        };
        // Whoever was evicting already comes last: one who does not go must not keep all others in their slots.
        let evicting = |connection: &Arc<Connection>| connection.evicting.load(Ordering::Relaxed);
        let victim = taken.values().filter(evictable).min_by_key(|connection| {
            (
                evicting(connection),
                connection.is_active(),
                last_activity(connection),
            )
        });
        let evict = |connection: &&Arc<Connection>| {
            connection.evicting.store(true, Ordering::Relaxed);
            connection.eviction.notify_one();
        };
        victim.inspect(evict).is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_was_idle_the_longest_leaves_and_whoever_is_served_stays() {
        let slots = ConnectionSlots::new(3);
        let (served, _) = slots.take().await.unwrap();
        let working = served.connection.begin_request();
        let (idle, _) = slots.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (fresh, evicted) = slots.take().await.unwrap();
        assert!(!evicted);
        let connection = Arc::clone(&idle.connection);
        let leaving = tokio::spawn(async move {
            connection.evicted().await;
            drop(idle);
        });
        let (_new, evicted) = slots.take().await.unwrap();
        assert!(evicted);
        leaving.await.unwrap();
        assert!(served.connection.is_active() && !fresh.connection.has_received_request());
        drop(working);
        assert!(!served.connection.is_active());
    }

    #[tokio::test]
    async fn a_house_full_of_long_requests_makes_room_before_they_end() {
        let slots = ConnectionSlots::new(2);
        let (first, _) = slots.take().await.unwrap();
        let (second, _) = slots.take().await.unwrap();
        let working = [
            first.connection.begin_request(),
            second.connection.begin_request(),
        ];
        let connection = Arc::clone(&first.connection);
        let leaving = tokio::spawn(async move {
            connection.evicted().await;
            drop(first);
        });
        let begun = Instant::now();
        let (_new, evicted) = slots.take().await.unwrap();
        assert!(evicted && begun.elapsed() >= Duration::from_millis(MIN_ACTIVE_MILLIS));
        leaving.await.unwrap();
        drop(working);
    }

    #[tokio::test]
    async fn one_who_does_not_leave_keeps_nobody_out() {
        let slots = ConnectionSlots::new(2);
        let (_unresponsive, _) = slots.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (responsive, _) = slots.take().await.unwrap();
        let connection = Arc::clone(&responsive.connection);
        let leaving = tokio::spawn(async move {
            connection.evicted().await;
            drop(responsive);
        });
        let taken = tokio::time::timeout(Duration::from_secs(5), slots.take()).await;
        assert!(taken.unwrap().unwrap().1);
        leaving.await.unwrap();
    }
}
