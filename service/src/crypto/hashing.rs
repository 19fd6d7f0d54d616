//! Passwords: argon2id, on threads of its own that give way to all others, behind a queue with an end. What costs so much
//! must take neither the threads that answer requests nor memory without limit.
use super::cpu_backoff::{self, JobTimer};
use super::password_hash::{PasswordHash, Verified};
use super::retry_after::QueueTimeEstimate;
use crate::config::auth::HashingSettings;
use secrecy::SecretString;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// There is no room for one more password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
pub struct Overloaded {
    /// After how long there may be.
    pub retry_after: Duration,
}

/// The threads and their queue. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Hashing(Arc<Handle>);

struct Handle(Arc<Queue>);

/// Room for one password. Whoever has it may look up what they need first.
pub struct Permit {
    queue: Arc<Queue>,
    permit: OwnedSemaphorePermit,
}

struct Queue {
    cost: HashingSettings,
    /// Room: for those who wait, those who are hashed for, and those who look up what they need.
    permits: Arc<Semaphore>,
    job_time: QueueTimeEstimate,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Whoever rests is woken by the end only: a job must not wait for one who rests while another is idle.
    end: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    ended: bool,
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
    pub fn start(cost: HashingSettings) -> std::io::Result<Self> {
        let queue = Arc::new(Queue {
            cost,
            permits: Arc::new(Semaphore::new(cost.queue_capacity + cost.threads)),
            job_time: QueueTimeEstimate::default(),
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            end: Condvar::new(),
        });
        for number in 0..cost.threads {
            let own = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work(&own))?;
        }
        Ok(Self(Arc::new(Handle(queue))))
    }

    /// Room for one password. To be asked for before anything else is done: a crowd for which there is no room costs
    /// nothing more.
    pub fn permit(&self) -> Result<Permit, Overloaded> {
        let queue = &self.0.0;
        let permit = || Arc::clone(&queue.permits).try_acquire_owned();
        let permit = permit().or_else(|_| {
            queue.lock().jobs.retain(|job| job.work.is_wanted());
            permit()
        });
        match permit {
            Ok(permit) => Ok(Permit {
                queue: Arc::clone(queue),
                permit,
            }),
            Err(_) => Err(queue.overloaded()),
        }
    }

    /// Hashes a new password, if there is room.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, Overloaded> {
        self.permit()?.hash(password).await
    }
}

impl Permit {
    /// Hashes a new password.
    pub async fn hash(self, password: SecretString) -> Result<PasswordHash, Overloaded> {
        let (answer, hash) = oneshot::channel();
        let queue = self.push(Work::Hash(password, answer));
        hash.await.ok().flatten().ok_or_else(|| queue.overloaded())
    }

    /// Whether this is the password. `None` costs as much as a hash made today, and is never right: whoever measures
    /// learns nothing about who has an account.
    pub async fn verify(
        self,
        password: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<Verified, Overloaded> {
        let (answer, verified) = oneshot::channel();
        let queue = self.push(Work::Verify(password, hash, answer));
        verified.await.map_err(|_| queue.overloaded())
    }

    fn push(self, work: Work) -> Arc<Queue> {
        let job = Job {
            work,
            _permit: self.permit,
        };
        let mut waiting = self.queue.lock();
        // Nobody would ever come for it behind the end.
        if !waiting.ended {
            waiting.jobs.push_back(job);
            self.queue.arrived.notify_one();
        }
        drop(waiting);
        self.queue
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        waiting.jobs.clear();
        self.0.arrived.notify_all();
        self.0.end.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overloaded(&self) -> Overloaded {
        let before = self.cost.queue_capacity + self.cost.threads;
        Overloaded {
            retry_after: self.job_time.retry_after(before, self.cost.threads),
        }
    }

    fn rest(&self, time: Duration) {
        let goes_on = |waiting: &mut Waiting| !waiting.ended;
        let _rested = self.end.wait_timeout_while(self.lock(), time, goes_on);
    }
}

impl Job {
    /// Its permit is free again when it is answered, before the thread rests.
    fn run(self, cost: HashingSettings) {
        self.work.run(cost);
    }
}

impl Work {
    /// Whoever asked may have gone while this waited.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Hash(_, answer) => !answer.is_closed(),
            Self::Verify(.., answer) => !answer.is_closed(),
        }
    }

    fn run(self, cost: HashingSettings) {
        match self {
            Self::Hash(password, answer) => {
                let _ = answer.send(PasswordHash::make(&password, cost));
            }
            Self::Verify(password, hash, answer) => {
                let hash = hash.or_else(|| PasswordHash::of_nobody(cost));
                let _ = answer.send(hash.map_or(Verified::Wrong, |hash| hash.verify(&password, cost)));
            }
        }
    }
}

fn work(queue: &Queue) {
    cpu_backoff::lower_thread_priority();
    loop {
        let mut waiting = queue.lock();
        let job = loop {
            if waiting.ended {
                return;
            }
            match waiting.jobs.pop_front() {
                Some(job) if job.work.is_wanted() => break job,
                Some(_) => {}
                None => {
                    waiting = queue
                        .arrived
                        .wait(waiting)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        };
        drop(waiting);
        let (begun, timer) = (Instant::now(), JobTimer::start());
        // A thread must outlive whatever one password does; its asker is told by the dropped channel.
        if catch_unwind(AssertUnwindSafe(|| job.run(queue.cost))).is_err() {
            tracing::error!("hashing panicked");
        }
        queue.rest(timer.backoff());
        queue.job_time.record(begun.elapsed());
    }
}
