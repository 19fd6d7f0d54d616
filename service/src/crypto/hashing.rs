//! Hashes passwords with argon2id on threads of their own, behind a bounded queue: a hash costs too much CPU time and
//! memory to run on the threads that serve requests.

use super::cpu_backoff::{self, JobTimer};
use super::hashing_places::{HashingPlaces, NetworkPlace, QueuePlace, Requester};
use super::password_hash::{PasswordHash, Verified};
use super::queue_time::QueueTimeEstimate;
use crate::bounded_queue::BoundedQueue;
use crate::config::auth::HashingSettings;
use secrecy::SecretString;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The queue is full, or moves too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
pub struct OverloadedError {
    /// When to try again.
    pub retry_after: Duration,
}

/// The hashing threads and their queue. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Hashing(Arc<Handle>);

struct Handle(Arc<Pool>);

/// An attempt that may acquire a permit. A caller starts it before any query, so that a network's requests beyond its share
/// cost the database nothing.
pub struct Attempt {
    pool: Arc<Pool>,
    place: NetworkPlace,
}

/// Permission to hash one password.
pub struct Permit {
    pool: Arc<Pool>,
    place: QueuePlace,
    requester: Requester,
}

struct Pool {
    settings: HashingSettings,
    /// One for each job that waits, each that runs, and each caller that is still preparing its job.
    places: Arc<HashingPlaces>,
    queue_time: QueueTimeEstimate,
    jobs: BoundedQueue<Job>,
    /// Whether the job that was taken last is a known requester's.
    took_known: AtomicBool,
}

struct Job {
    work: Work,
    requester: Requester,
    queued_at: Instant,
    _place: QueuePlace,
}

enum Work {
    Hash(SecretString, oneshot::Sender<Option<PasswordHash>>),
    Verify(SecretString, Option<PasswordHash>, oneshot::Sender<Verified>),
}

impl Hashing {
    /// Starts the threads.
    pub fn start(settings: HashingSettings) -> std::io::Result<Self> {
        let capacity = settings.queue_capacity + settings.threads;
        let pool = Arc::new(Pool {
            settings,
            places: Arc::new(HashingPlaces::new(capacity)),
            queue_time: QueueTimeEstimate::default(),
            jobs: BoundedQueue::new(capacity),
            took_known: AtomicBool::new(false),
        });
        for number in 0..settings.threads {
            let own = Arc::clone(&pool);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || run_jobs(&own))?;
        }
        Ok(Self(Arc::new(Handle(pool))))
    }

    /// Starts an attempt from a network. Jobs of disconnected clients give their places back first.
    pub fn start_attempt(&self, network: IpAddr) -> Result<Attempt, OverloadedError> {
        let pool = Arc::clone(&self.0.0);
        let place = pool.places.enter(network).or_else(|| {
            pool.drop_unwanted();
            pool.places.enter(network)
        });
        match place {
            Some(place) => Ok(Attempt { pool, place }),
            None => Err(pool.overloaded()),
        }
    }

    /// Hashes a new password for a client that has proven something already.
    pub async fn hash(
        &self,
        password: SecretString,
        network: IpAddr,
    ) -> Result<PasswordHash, OverloadedError> {
        let attempt = self.start_attempt(network)?;
        attempt.permit(Requester::Known)?.hash(password).await
    }
}

impl Attempt {
    /// Acquires a permit without waiting.
    pub fn permit(self, requester: Requester) -> Result<Permit, OverloadedError> {
        let Self { pool, place } = self;
        let place = place.take(requester).or_else(|place| {
            pool.drop_unwanted();
            place.take(requester)
        });
        match place {
            Ok(place) => Ok(Permit {
                pool,
                place,
                requester,
            }),
            Err(_) => Err(pool.overloaded()),
        }
    }
}

impl Permit {
    /// Hashes a new password.
    pub async fn hash(self, password: SecretString) -> Result<PasswordHash, OverloadedError> {
        let (sender, hash) = oneshot::channel();
        let pool = self.push(Work::Hash(password, sender));
        hash.await.ok().flatten().ok_or_else(|| pool.overloaded())
    }

    /// Compares a password with a stored hash. Without a hash it spends the time of a current one and returns
    /// [`Verified::Wrong`], so that response times do not reveal which accounts exist.
    pub async fn verify(
        self,
        password: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<Verified, OverloadedError> {
        let (sender, verified) = oneshot::channel();
        let pool = self.push(Work::Verify(password, hash, sender));
        verified.await.map_err(|_| pool.overloaded())
    }

    fn push(self, work: Work) -> Arc<Pool> {
        // Rejected only after shutdown: the place reserves capacity. The caller then sees its channel dropped.
        let job = Job {
            work,
            requester: self.requester,
            queued_at: Instant::now(),
            _place: self.place,
        };
        let took_known = self.pool.took_known.load(Ordering::Relaxed);
        let position = |waiting: &VecDeque<Job>| position(self.requester, waiting, took_known);
        self.pool.jobs.insert(job, position);
        self.pool
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.jobs.abort();
    }
}

impl Pool {
    fn drop_unwanted(&self) {
        self.jobs.retain(|job| job.is_wanted(self.settings.queue_timeout));
    }

    fn overloaded(&self) -> OverloadedError {
        let ahead = self.settings.queue_capacity + self.settings.threads;
        OverloadedError {
            retry_after: self.queue_time.retry_after(ahead, self.settings.threads),
        }
    }
}

impl Job {
    /// Whether it did not wait too long, and its client is still connected. Hashing leaves the CPU to everything else, so
    /// without a limit a busy machine would make it wait for minutes; its client should hear of the overload before it gives up.
    fn is_wanted(&self, timeout: Duration) -> bool {
        self.queued_at.elapsed() <= timeout && self.work.is_wanted()
    }

    /// Releases its place when the result is sent, before the thread backs off.
    fn run(self, settings: HashingSettings) {
        self.work.run(settings);
    }
}

impl Work {
    /// Whether the client is still connected.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Hash(_, sender) => !sender.is_closed(),
            Self::Verify(.., sender) => !sender.is_closed(),
        }
    }

    fn run(self, settings: HashingSettings) {
        match self {
            Self::Hash(password, sender) => {
                let _ = sender.send(PasswordHash::create(&password, settings));
            }
            Self::Verify(password, hash, sender) => {
                let hash = hash.or_else(|| PasswordHash::dummy(settings));
                let verified = hash.map_or(Verified::Wrong, |hash| hash.verify(&password, settings));
                let _ = sender.send(verified);
            }
        }
    }
}

/// Where a job is inserted. Known requesters and others take turns, so that neither waits for all of the others.
fn position(requester: Requester, waiting: &VecDeque<Job>, took_known: bool) -> usize {
    match requester {
        Requester::Unknown => waiting.len(),
        Requester::Known => {
            let known = waiting
                .iter()
                .filter(|job| job.requester == Requester::Known)
                .count();
            2 * known + usize::from(took_known)
        }
    }
}

fn run_jobs(pool: &Pool) {
    cpu_backoff::lower_thread_priority();
    while let Some(job) = pool.jobs.pop() {
        // Dropped, which the caller notices.
        if !job.is_wanted(pool.settings.queue_timeout) {
            continue;
        }
        pool.took_known
            .store(job.requester == Requester::Known, Ordering::Relaxed);
        let (started, timer) = (Instant::now(), JobTimer::start());
        // A panic must not cost the thread. The caller notices that its channel is dropped.
        if catch_unwind(AssertUnwindSafe(|| job.run(pool.settings))).is_err() {
            tracing::error!("password hashing panicked");
        }
        pool.jobs.wait_closed(timer.backoff());
        pool.queue_time.record(started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    /// A pool without threads.
    fn idle(capacity: usize) -> Hashing {
        Hashing(Arc::new(Handle(Arc::new(Pool {
            settings: HashingSettings {
                threads: 1,
                queue_capacity: capacity - 1,
                queue_timeout: Duration::from_secs(60),
                memory: 19_456,
                iterations: 2,
            },
            places: Arc::new(HashingPlaces::new(capacity)),
            queue_time: QueueTimeEstimate::default(),
            jobs: BoundedQueue::new(capacity),
            took_known: AtomicBool::new(false),
        }))))
    }

    /// Queues a password; dropping the receiver abandons it.
    fn queue(hashing: &Hashing, number: u8, requester: Requester) -> oneshot::Receiver<Option<PasswordHash>> {
        let (sender, receiver) = oneshot::channel();
        let permit = hashing.start_attempt(network(number)).unwrap().permit(requester);
        permit.unwrap().push(Work::Hash("x".into(), sender));
        receiver
    }

    fn pop(hashing: &Hashing) -> Requester {
        let pool = &hashing.0.0;
        let job = pool.jobs.pop().unwrap();
        pool.took_known
            .store(job.requester == Requester::Known, Ordering::Relaxed);
        job.requester
    }

    #[test]
    fn known_requesters_overtake_a_flood_and_do_not_starve_it() {
        use Requester::{Known, Unknown};
        let hashing = idle(32);
        let _unknown: Vec<_> = (0..6).map(|number| queue(&hashing, number, Unknown)).collect();
        let _known: Vec<_> = (0..3)
            .map(|number| queue(&hashing, 100 + number, Known))
            .collect();
        let order: Vec<_> = (0..6).map(|_| pop(&hashing)).collect();
        assert_eq!(order, [Known, Unknown, Known, Unknown, Known, Unknown]);
        // Known requesters that arrive one by one still leave every other turn to the rest.
        let mut order = Vec::new();
        for number in 0..4 {
            let _later = queue(&hashing, 110 + number, Known);
            order.push(pop(&hashing));
        }
        assert_eq!(order, [Known, Unknown, Known, Unknown]);
    }

    #[test]
    fn a_job_that_waited_too_long_is_rejected() {
        let hashing = idle(8);
        let (old, new) = (
            queue(&hashing, 1, Requester::Unknown),
            queue(&hashing, 2, Requester::Unknown),
        );
        let pool = &hashing.0.0;
        let mut job = pool.jobs.pop().unwrap();
        job.queued_at -= pool.settings.queue_timeout + Duration::from_secs(1);
        pool.jobs.insert(job, |_| 0);
        std::thread::scope(|scope| {
            scope.spawn(|| run_jobs(pool));
            assert!(old.blocking_recv().is_err());
            assert!(new.blocking_recv().is_ok_and(|hash| hash.is_some()));
            pool.jobs.abort();
        });
    }

    #[test]
    fn disconnected_clients_give_their_places_back() {
        let hashing = idle(8);
        drop(queue(&hashing, 1, Requester::Unknown));
        drop(queue(&hashing, 1, Requester::Unknown));
        let _third = queue(&hashing, 1, Requester::Unknown);
        let gone: Vec<_> = (10..15)
            .map(|number| queue(&hashing, number, Requester::Unknown))
            .collect();
        let attempt = hashing.start_attempt(network(20)).unwrap();
        assert!(attempt.permit(Requester::Unknown).is_err());
        drop(gone);
        let _admitted = queue(&hashing, 20, Requester::Unknown);
    }
}
