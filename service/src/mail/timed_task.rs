//! Work that is waited for no longer than a while: a mail server that sends a byte now and then must not keep the worker.
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long a mail may take altogether.
const TASK_TIMEOUT: Duration = Duration::from_secs(100);

/// How long a mail under way may take once the service is to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// What the worker's thread is told.
pub(super) enum WorkerEvent<T> {
    /// To stop.
    Stop,
    /// That the errand of this number came to this; `None`: it panicked.
    Done(u64, Option<T>),
}

/// How an errand ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TaskOutcome<T> {
    /// It came to this.
    Done(T),
    /// It panicked.
    Panicked,
    /// It took too long, and is left to itself.
    TimedOut,
    /// The service is to stop, and it is left to itself.
    Stopped,
}

/// Runs tasks, one at a time, each on a thread of its own.
pub(super) struct TaskRunner<T> {
    sender: Sender<WorkerEvent<T>>,
    events: Receiver<WorkerEvent<T>>,
    number: u64,
    stopped: bool,
}

impl<T: Send + 'static> TaskRunner<T> {
    /// `sender` leads to `events`.
    pub(super) fn new(sender: Sender<WorkerEvent<T>>, events: Receiver<WorkerEvent<T>>) -> Self {
        Self {
            sender,
            events,
            number: 0,
            stopped: false,
        }
    }

    /// Waits; `true`: the service is to stop.
    pub(super) fn wait_for_stop(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stopped {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(WorkerEvent::Stop) | Err(RecvTimeoutError::Disconnected) => self.stopped = true,
                // Of an errand that was given up.
                Ok(WorkerEvent::Done(..)) => {}
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        self.stopped
    }

    /// Runs an errand.
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
            .name("portcullis-post".to_owned())
            .spawn(job)
            .is_err()
        {
            return TaskOutcome::TimedOut;
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
    fn an_errand_is_waited_for_and_a_late_one_is_left() {
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
        // What the late one came to is not taken for the next one's.
        let slow = || {
            sleep(Duration::from_millis(200));
            3
        };
        assert_eq!(tasks.run(slow), TaskOutcome::Done(3));
        assert!(!tasks.wait_for_stop(Duration::from_millis(10)));
    }

    #[test]
    fn a_stop_is_heard_at_once() {
        let (sender, mut tasks) = tasks();
        let begun = Instant::now();
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
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(tasks.wait_for_stop(Duration::from_secs(10)));
        assert_eq!(tasks.run(|| 1), TaskOutcome::Stopped);
    }
}
