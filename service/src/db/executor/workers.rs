//! The threads that talk to the database: one per connection, fed in order of arrival.

use crate::bounded_queue::BoundedQueue;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that may wait for a thread; further ones are rejected.
const MAX_QUEUED: usize = 4096;

struct Job {
    /// A job that has not started by then is dropped.
    deadline: Instant,
    work: Box<dyn FnOnce() + Send>,
}

/// The threads of one login. They end when the last clone of this is dropped and the queue is empty.
#[derive(Clone)]
pub struct Workers(Arc<Handle>);

struct Handle {
    queue: Arc<BoundedQueue<Job>>,
    /// Every thread owns a sender that it never uses: the channel disconnects when the last thread has ended.
    ended: Mutex<Receiver<()>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// Starts `count` threads, named after `name` in the process list.
    pub fn start(name: &str, count: u32) -> std::io::Result<Self> {
        let queue = Arc::new(BoundedQueue::new(MAX_QUEUED));
        let (sender, ended) = channel();
        let mut threads = Vec::new();
        for number in 0..count {
            let (queue, alive) = (Arc::clone(&queue), sender.clone());
            let thread = std::thread::Builder::new().name(format!("{name}-{number}"));
            threads.push(thread.spawn(move || {
                run_jobs(&queue);
                drop(alive);
            })?);
        }
        let (ended, threads) = (Mutex::new(ended), Mutex::new(threads));
        Ok(Self(Arc::new(Handle {
            queue,
            ended,
            threads,
        })))
    }

    /// Queues work. Returns `false` when the queue is full or closed.
    pub fn push(&self, deadline: Instant, work: Box<dyn FnOnce() + Send>) -> bool {
        self.0.queue.push(Job { deadline, work })
    }

    /// Drops the queued jobs, rejects further ones, and waits up to `timeout` for the running ones, and for the end of their
    /// threads, which free their state of OpenSSL.
    pub fn close(&self, timeout: Duration) {
        self.0.queue.abort();
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected) {
            let mut threads = self.0.threads.lock().unwrap_or_else(PoisonError::into_inner);
            for thread in threads.drain(..) {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn run_jobs(queue: &BoundedQueue<Job>) {
    while let Some(job) = queue.pop() {
        if job.deadline > Instant::now() {
            // A panic must not cost the thread. The caller notices that its result channel is dropped.
            let _ = catch_unwind(AssertUnwindSafe(job.work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_in_order_survive_panics_and_are_dropped_when_late() {
        let workers = Workers::start("test", 1).unwrap();
        let (sender, receiver) = channel();
        let soon = Instant::now() + Duration::from_secs(10);
        let late = Instant::now();
        workers.push(soon, Box::new(|| panic!("planted")));
        for number in 0..10 {
            let sender = sender.clone();
            let deadline = if number == 5 { late } else { soon };
            assert!(workers.push(deadline, Box::new(move || sender.send(number).unwrap())));
        }
        drop(sender);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 6, 7, 8, 9]);
    }

    #[test]
    fn close_waits_for_running_jobs_and_rejects_further_ones() {
        let workers = Workers::start("test", 2).unwrap();
        let soon = Instant::now() + Duration::from_secs(10);
        let (begun, has_begun) = channel();
        let (ended, has_ended) = channel();
        workers.push(
            soon,
            Box::new(move || {
                begun.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(50));
                ended.send(()).unwrap();
            }),
        );
        has_begun.recv().unwrap();
        workers.close(Duration::from_secs(5));
        assert!(has_ended.try_recv().is_ok());
        assert!(!workers.push(soon, Box::new(|| {})));
    }

    #[test]
    fn the_queue_is_bounded() {
        let workers = Workers::start("test", 1).unwrap();
        let soon = Instant::now() + Duration::from_secs(10);
        let (hold, held) = channel::<()>();
        let (begun, has_begun) = channel();
        workers.push(
            soon,
            Box::new(move || {
                begun.send(()).unwrap();
                let _ = held.recv();
            }),
        );
        has_begun.recv().unwrap();
        assert!((0..MAX_QUEUED).all(|_| workers.push(soon, Box::new(|| {}))));
        assert!(!workers.push(soon, Box::new(|| {})));
        drop(hold);
    }
}
