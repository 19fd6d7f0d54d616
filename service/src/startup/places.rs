//! The places for connections. When all are taken, whoever has been idle the longest must go, and where nobody is idle,
//! whoever has been at one request the longest: an attacker who opens connections and dawdles keeps nobody out.
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Milliseconds that a request may take before its connection's place can be needed for somebody else.
const AT_WORK: u64 = 1_000;

/// How often a full house is looked over for somebody who may go.
const AGAIN: Duration = Duration::from_millis(20);

/// As many places as there may be connections.
pub struct Places {
    free: Arc<Semaphore>,
    count: u32,
    opened: Instant,
    next: AtomicU64,
    taken: Arc<Mutex<HashMap<u64, Arc<Visitor>>>>,
}

/// One connection, as the others see it.
pub struct Visitor {
    opened: Instant,
    asked: AtomicBool,
    working: AtomicUsize,
    /// Milliseconds from the opening to the last begin or end of a request.
    moved: AtomicU64,
    leave: Notify,
    /// Whether they were told to leave.
    told: AtomicBool,
}

impl Visitor {
    fn new(opened: Instant) -> Self {
        let visitor = Self {
            opened,
            asked: AtomicBool::new(false),
            working: AtomicUsize::new(0),
            moved: AtomicU64::new(0),
            leave: Notify::new(),
            told: AtomicBool::new(false),
        };
        visitor.touch();
        visitor
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(elapsed, Ordering::Relaxed);
    }

    /// A request begins; it ends when the returned value is dropped, also when its client went away half-way.
    pub fn ask(self: &Arc<Self>) -> Working {
        self.asked.store(true, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Working(Arc::clone(self))
    }

    /// Whether a request has come.
    pub fn has_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether a request is being answered right now: then it is we who keep the client waiting.
    pub fn is_served(&self) -> bool {
        self.working.load(Ordering::Relaxed) > 0
    }

    /// Resolves when its place is needed.
    pub async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

/// A request that is being answered.
pub struct Working(Arc<Visitor>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

/// A taken place.
pub struct Seat {
    /// Who sits there.
    pub visitor: Arc<Visitor>,
    number: u64,
    taken: Arc<Mutex<HashMap<u64, Arc<Visitor>>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.taken).remove(&self.number);
    }
}

impl Places {
    /// This many places.
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
    pub async fn take(&self) -> Option<(Seat, bool)> {
        let (mut permit, mut evicted) = (Arc::clone(&self.free).try_acquire_owned().ok(), false);
        while permit.is_none() {
            // Whoever may not be sent away now may be soon: asked again until there is room.
            evicted |= self.evict();
            let waiting = tokio::time::timeout(AGAIN, Arc::clone(&self.free).acquire_owned());
            permit = waiting
                .await
                .map_or(Ok(None), |acquired| acquired.map(Some))
                .ok()?;
        }
        let permit = permit?;
        let visitor = Arc::new(Visitor::new(self.opened));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.taken).insert(number, Arc::clone(&visitor));
        Some((
            Seat {
                visitor,
                number,
                taken: Arc::clone(&self.taken),
                _permit: permit,
            },
            evicted,
        ))
    }

    /// Resolves when every place is free again.
    pub async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    /// Only a full house looks at every visitor; that takes microseconds.
    fn evict(&self) -> bool {
        let taken = lock(&self.taken);
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let moved = |visitor: &Arc<Visitor>| visitor.moved.load(Ordering::Relaxed);
        let may_go =
            |visitor: &&Arc<Visitor>| !visitor.is_served() || now - moved(visitor).min(now) > AT_WORK;
        // Whoever was told already comes last: one who does not go must not keep all others in their places.
        let told = |visitor: &Arc<Visitor>| visitor.told.load(Ordering::Relaxed);
        let longest = taken
            .values()
            .filter(may_go)
            .min_by_key(|visitor| (told(visitor), visitor.is_served(), moved(visitor)));
        let send_away = |visitor: &&Arc<Visitor>| {
            visitor.told.store(true, Ordering::Relaxed);
            visitor.leave.notify_one();
        };
        longest.inspect(send_away).is_some()
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
        let places = Places::new(3);
        let (served, _) = places.take().await.unwrap();
        let working = served.visitor.ask();
        let (idle, _) = places.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (fresh, evicted) = places.take().await.unwrap();
        assert!(!evicted);
        let visitor = Arc::clone(&idle.visitor);
        let leaving = tokio::spawn(async move {
            visitor.must_leave().await;
            drop(idle);
        });
        let (_newcomer, evicted) = places.take().await.unwrap();
        assert!(evicted);
        leaving.await.unwrap();
        assert!(served.visitor.is_served() && !fresh.visitor.has_asked());
        drop(working);
        assert!(!served.visitor.is_served());
    }

    #[tokio::test]
    async fn a_house_full_of_long_requests_makes_room_before_they_end() {
        let places = Places::new(2);
        let (first, _) = places.take().await.unwrap();
        let (second, _) = places.take().await.unwrap();
        let working = [first.visitor.ask(), second.visitor.ask()];
        let visitor = Arc::clone(&first.visitor);
        let leaving = tokio::spawn(async move {
            visitor.must_leave().await;
            drop(first);
        });
        let begun = Instant::now();
        let (_newcomer, evicted) = places.take().await.unwrap();
        assert!(evicted && begun.elapsed() >= Duration::from_millis(AT_WORK));
        leaving.await.unwrap();
        drop(working);
    }

    #[tokio::test]
    async fn one_who_does_not_leave_keeps_nobody_out() {
        let places = Places::new(2);
        let (_deaf, _) = places.take().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (polite, _) = places.take().await.unwrap();
        let visitor = Arc::clone(&polite.visitor);
        let leaving = tokio::spawn(async move {
            visitor.must_leave().await;
            drop(polite);
        });
        let taken = tokio::time::timeout(Duration::from_secs(5), places.take()).await;
        assert!(taken.unwrap().unwrap().1);
        leaving.await.unwrap();
    }
}
