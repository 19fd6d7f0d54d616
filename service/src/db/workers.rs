//! The threads that talk to the database, and the queue before them: first come, first served. One thread a connection;
//! a thread that ends one piece of work takes the next without anybody being woken in between.
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work that may wait at the most; more is refused at once.
const LONGEST_QUEUE: usize = 4096;

/// A piece of work, and until when it is wanted.
struct Job {
    wanted_until: Instant,
    work: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    idle: usize,
    ended: bool,
    resting: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    rested: Condvar,
}

/// The threads of one login. They end when the last clone of this is dropped and the queue is empty.
#[derive(Clone)]
pub struct Workers(Arc<Handle>, usize);

struct Handle(Arc<Queue>);

impl Workers {
    /// This many threads; the name shows in the process list.
    pub fn start(name: &str, count: u32) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        for number in 0..count {
            let own = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || work(&own))?;
        }
        Ok(Self(Arc::new(Handle(queue)), count as usize))
    }

    /// Puts work at the end of the queue; `false`: the queue is full. Work that nobody wants any more when its turn comes
    /// is dropped, not run.
    pub fn push(&self, wanted_until: Instant, work: Box<dyn FnOnce() + Send>) -> bool {
        let queue = &self.0.0;
        let mut waiting = queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.resting || waiting.jobs.len() >= LONGEST_QUEUE {
            return false;
        }
        waiting.jobs.push_back(Job { wanted_until, work });
        if waiting.idle > 0 {
            queue.arrived.notify_one();
        }
        true
    }
}

impl Workers {
    /// Drops what waits, and waits itself until nothing runs, at the most this long.
    pub fn rest(&self, limit: Duration) {
        let queue = &self.0.0;
        let mut waiting = queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.jobs.clear();
        waiting.resting = true;
        let idle = |waiting: &mut Waiting| waiting.idle < self.1;
        let rested = queue.rested.wait_timeout_while(waiting, limit, idle);
        drop(rested.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ended = true;
        self.0.arrived.notify_all();
    }
}

fn work(queue: &Queue) {
    loop {
        let mut waiting = queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            if let Some(job) = waiting.jobs.pop_front() {
                break job;
            }
            if waiting.ended {
                return;
            }
            waiting.idle += 1;
            if waiting.resting {
                queue.rested.notify_all();
            }
            waiting = queue
                .arrived
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        };
        drop(waiting);
        if job.wanted_until > Instant::now() {
            // A panic in one piece of work must not cost the thread: its asker sees that no answer comes.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job.work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn work_is_done_in_order_survives_panics_and_is_dropped_when_late() {
        let workers = Workers::start("test", 1).unwrap();
        let (sender, receiver) = channel();
        let soon = Instant::now() + Duration::from_secs(10);
        let late = Instant::now();
        workers.push(soon, Box::new(|| panic!("planted")));
        for number in 0..10 {
            let sender = sender.clone();
            let until = if number == 5 { late } else { soon };
            assert!(workers.push(until, Box::new(move || sender.send(number).unwrap())));
        }
        drop(sender);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 6, 7, 8, 9]);
    }

    #[test]
    fn rest_waits_for_what_runs_and_takes_nothing_more() {
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
        workers.rest(Duration::from_secs(5));
        assert!(has_ended.try_recv().is_ok());
        assert!(!workers.push(soon, Box::new(|| {})));
    }

    #[test]
    fn the_queue_has_an_end() {
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
        assert!((0..LONGEST_QUEUE).all(|_| workers.push(soon, Box::new(|| {}))));
        assert!(!workers.push(soon, Box::new(|| {})));
        drop(hold);
    }
}
