//! Runs blocking tasks with a timeout, each on its own thread: a mail server that drips bytes must not block the
//! worker.
//!
//! Socket timeouts alone do not bound a delivery, because they apply to each read and write.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Maximum duration of one delivery.
const TASK_TIMEOUT: Duration = Duration::from_secs(100);

/// How long a running delivery may continue once the service is stopping.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// An event for the worker's thread.
pub(super) enum WorkerEvent<T> {
    /// The service is stopping.
    Stop,
    /// The task of this number finished with this result; `None`: it panicked.
    Done(u64, Option<T>),
}

/// How a task ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TaskOutcome<T> {
    /// It finished with this result.
    Done(T),
    /// It panicked.
    Panicked,
    /// Its thread could not be started.
    NotStarted,
    /// It exceeded the timeout; its thread is abandoned.
    TimedOut,
    /// The service is stopping; its thread is abandoned.
    Stopped,
}

/// Runs tasks one at a time, each on its own thread.
pub(super) struct TaskRunner<T> {
    sender: Sender<WorkerEvent<T>>,
    events: Receiver<WorkerEvent<T>>,
    number: u64,
    stopped: bool,
}

impl<T: Send + 'static> TaskRunner<T> {
    /// `sender` and `events` are the two ends of one channel.
    pub(super) fn new(sender: Sender<WorkerEvent<T>>, events: Receiver<WorkerEvent<T>>) -> Self {
        Self {
            sender,
            events,
            number: 0,
            stopped: false,
        }
    }

    /// Sleeps for this time; `true`: the service is stopping.
    pub(super) fn wait_for_stop(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stopped {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(WorkerEvent::Stop) | Err(RecvTimeoutError::Disconnected) => self.stopped = true,
                // From an abandoned task.
                Ok(WorkerEvent::Done(..)) => {}
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        self.stopped
    }

    /// Runs a task.
    pub(super) fn run(&mut self, work: impl FnOnce() -> T + Send + 'static) -> TaskOutcome<T> {
        self.run_within(TASK_TIMEOUT, work)
    }

    fn run_within(&mut self, limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> TaskOutcome<T> {
        if self.wait_for_stop(Duration::ZERO) {
            return TaskOutcome::Stopped;
        }
        self.number += 1;
        let (number, sender) = (self.number, self.sender.clone());
        let job = move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let _ = sender.send(WorkerEvent::Done(number, outcome.ok()));
        };
        if std::thread::Builder::new()
            .name("mail-delivery".to_owned())
            .spawn(job)
            .is_err()
        {
            return TaskOutcome::NotStarted;
        }
        let mut end = Instant::now() + limit;
        loop {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(WorkerEvent::Done(done, outcome)) if done == number => {
                    return outcome.map_or(TaskOutcome::Panicked, TaskOutcome::Done);
                }
                Ok(WorkerEvent::Done(..)) => {}
                Ok(WorkerEvent::Stop) => {
                    self.stopped = true;
                    end = end.min(Instant::now() + STOP_GRACE);
                }
                Err(_) if self.stopped => return TaskOutcome::Stopped,
                Err(_) => return TaskOutcome::TimedOut,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread::sleep;

    fn tasks() -> (Sender<WorkerEvent<u8>>, TaskRunner<u8>) {
        let (sender, events) = channel();
        (sender.clone(), TaskRunner::new(sender, events))
    }

    #[test]
    fn a_task_is_awaited_until_its_timeout() {
        let (_sender, mut tasks) = tasks();
        assert_eq!(tasks.run(|| 1), TaskOutcome::Done(1));
        assert_eq!(tasks.run(|| panic!("planted")), TaskOutcome::Panicked);
        let late = || {
            sleep(Duration::from_millis(100));
            2
        };
        assert_eq!(
            tasks.run_within(Duration::from_millis(10), late),
            TaskOutcome::TimedOut
        );
        // The result of the abandoned task is not mistaken for that of the next one.
        let slow = || {
            sleep(Duration::from_millis(200));
            3
        };
        assert_eq!(tasks.run(slow), TaskOutcome::Done(3));
        assert!(!tasks.wait_for_stop(Duration::from_millis(10)));
    }

    #[test]
    fn a_stop_interrupts_a_running_task() {
        let (sender, mut tasks) = tasks();
        let started = Instant::now();
        let stopping = std::thread::spawn(move || {
            sleep(Duration::from_millis(50));
            sender.send(WorkerEvent::Stop).unwrap();
        });
        let hanging = || {
            sleep(Duration::from_secs(10));
            1
        };
        assert_eq!(tasks.run(hanging), TaskOutcome::Stopped);
        stopping.join().unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
        assert!(tasks.wait_for_stop(Duration::from_secs(10)));
        assert_eq!(tasks.run(|| 1), TaskOutcome::Stopped);
    }
}
