//! Hashes passwords with argon2id on threads of their own, behind a bounded queue: a hash costs too much CPU time and
//! memory to run on the threads that serve requests.

use super::cpu_backoff::{self, JobTimer};
use super::password_hash::{PasswordHash, Verified};
use super::queue_time::QueueTimeEstimate;
use crate::bounded_queue::BoundedQueue;
use crate::config::auth::HashingSettings;
use secrecy::SecretString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The queue is full.
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

/// Permission to hash one password. A caller acquires it before it queries the database for the hash to compare with, so
/// that requests beyond the capacity cost the database nothing.
pub struct Permit {
    pool: Arc<Pool>,
    permit: OwnedSemaphorePermit,
}

struct Pool {
    settings: HashingSettings,
    /// One for each job that waits, each that runs, and each caller that is still preparing its job.
    permits: Arc<Semaphore>,
    queue_time: QueueTimeEstimate,
    jobs: BoundedQueue<Job>,
}

struct Job {
    work: Work,
    _permit: OwnedSemaphorePermit,
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
            permits: Arc::new(Semaphore::new(capacity)),
            queue_time: QueueTimeEstimate::default(),
            jobs: BoundedQueue::new(capacity),
        });
        for number in 0..settings.threads {
            let own = Arc::clone(&pool);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || run_jobs(&own))?;
        }
        Ok(Self(Arc::new(Handle(pool))))
    }

    /// Acquires a permit without waiting. Jobs of disconnected clients give theirs back first.
    pub fn permit(&self) -> Result<Permit, OverloadedError> {
        let pool = &self.0.0;
        let acquire = || Arc::clone(&pool.permits).try_acquire_owned();
        let permit = acquire().or_else(|_| {
            pool.jobs.retain(|job| job.work.is_wanted());
            acquire()
        });
        match permit {
            Ok(permit) => Ok(Permit {
                pool: Arc::clone(pool),
                permit,
            }),
            Err(_) => Err(pool.overloaded()),
        }
    }

    /// Acquires a permit and hashes a new password.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, OverloadedError> {
        self.permit()?.hash(password).await
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
        // Rejected only after shutdown: the permit reserves capacity. The caller then sees its channel dropped.
        self.pool.jobs.push(Job {
            work,
            _permit: self.permit,
        });
        self.pool
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.jobs.abort();
    }
}

impl Pool {
    fn overloaded(&self) -> OverloadedError {
        let ahead = self.settings.queue_capacity + self.settings.threads;
        OverloadedError {
            retry_after: self.queue_time.retry_after(ahead, self.settings.threads),
        }
    }
}

impl Job {
    /// Releases its permit when the result is sent, before the thread backs off.
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

fn run_jobs(pool: &Pool) {
    cpu_backoff::lower_thread_priority();
    while let Some(job) = pool.jobs.pop() {
        if !job.work.is_wanted() {
            continue;
        }
        let (started, timer) = (Instant::now(), JobTimer::start());
        // A panic must not cost the thread. The caller notices that its channel is dropped.
        if catch_unwind(AssertUnwindSafe(|| job.run(pool.settings))).is_err() {
            tracing::error!("password hashing panicked");
        }
        pool.jobs.wait_closed(timer.backoff());
        pool.queue_time.record(started.elapsed());
    }
}
