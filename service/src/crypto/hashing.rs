//! Passwords: argon2id, on threads of its own that give way to all others, behind a queue with an end. What costs so much
//! must take neither the threads that answer requests nor memory without limit.
use super::password_hash::{PasswordHash, Verified};
use super::turn::{self, Turn};
use crate::config::people::Hashing as Cost;
use secrecy::SecretString;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Every place in the queue is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
pub struct Busy;

/// The threads and their queue. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Hashing(Arc<Handle>);

struct Handle(Arc<Queue>);

struct Queue {
    cost: Cost,
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

enum Job {
    Hash(SecretString, oneshot::Sender<Option<PasswordHash>>),
    Verify(SecretString, Option<PasswordHash>, oneshot::Sender<Verified>),
}

impl Hashing {
    /// Starts the threads.
    pub fn start(cost: Cost) -> std::io::Result<Self> {
        let queue = Arc::new(Queue {
            cost,
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

    /// Hashes a new password.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, Busy> {
        let (answer, hash) = oneshot::channel();
        self.push(Job::Hash(password, answer))?;
        hash.await.ok().flatten().ok_or(Busy)
    }

    /// Whether this is the password. `None` costs as much as a hash made today, and is never right: whoever measures
    /// learns nothing about who has an account.
    pub async fn verify(&self, password: SecretString, hash: Option<PasswordHash>) -> Result<Verified, Busy> {
        let (answer, verified) = oneshot::channel();
        self.push(Job::Verify(password, hash, answer))?;
        verified.await.map_err(|_| Busy)
    }

    /// Says at once what [`Hashing::verify`] would say after work in vain.
    pub fn has_room(&self) -> Result<(), Busy> {
        let queue = &self.0.0;
        match queue.lock().jobs.len() < queue.cost.queue {
            true => Ok(()),
            false => Err(Busy),
        }
    }

    fn push(&self, job: Job) -> Result<(), Busy> {
        let queue = &self.0.0;
        let mut waiting = queue.lock();
        if waiting.jobs.len() >= queue.cost.queue {
            waiting.jobs.retain(Job::is_wanted);
        }
        if waiting.jobs.len() >= queue.cost.queue {
            return Err(Busy);
        }
        waiting.jobs.push_back(job);
        queue.arrived.notify_one();
        Ok(())
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

    fn rest(&self, time: Duration) {
        let goes_on = |waiting: &mut Waiting| !waiting.ended;
        let _rested = self.end.wait_timeout_while(self.lock(), time, goes_on);
    }
}

impl Job {
    /// Whoever asked may have gone while this waited.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Hash(_, answer) => !answer.is_closed(),
            Self::Verify(.., answer) => !answer.is_closed(),
        }
    }

    fn run(self, cost: Cost) {
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
    turn::give_way();
    loop {
        let mut waiting = queue.lock();
        let job = loop {
            if waiting.ended {
                return;
            }
            match waiting.jobs.pop_front() {
                Some(job) if job.is_wanted() => break job,
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
        let turn = Turn::begin();
        // A thread must outlive whatever one password does; its asker is told by the dropped channel.
        if catch_unwind(AssertUnwindSafe(|| job.run(queue.cost))).is_err() {
            tracing::error!("hashing panicked");
        }
        queue.rest(turn.rest());
    }
}
