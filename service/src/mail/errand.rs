//! Work that is waited for no longer than a while: a mail server that sends a byte now and then must not keep the worker.
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long a mail may take altogether.
const LONGEST: Duration = Duration::from_secs(100);

/// How long a mail under way may take once the service is to stop.
const STOPPING: Duration = Duration::from_secs(1);

/// What the worker's thread is told.
pub(super) enum Event<T> {
    /// To stop.
    Stop,
    /// That the errand of this number came to this; `None`: it panicked.
    Done(u64, Option<T>),
}

/// How an errand ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending<T> {
    /// It came to this.
    Done(T),
    /// It panicked.
    Failed,
    /// It took too long, and is left to itself.
    Late,
    /// The service is to stop, and it is left to itself.
    Stopped,
}

/// Runs errands, one at a time, each on a thread of its own.
pub(super) struct Errands<T> {
    sender: Sender<Event<T>>,
    events: Receiver<Event<T>>,
    number: u64,
    stopped: bool,
}

impl<T: Send + 'static> Errands<T> {
    /// `sender` leads to `events`.
    pub(super) fn new(sender: Sender<Event<T>>, events: Receiver<Event<T>>) -> Self {
        Self {
            sender,
            events,
            number: 0,
            stopped: false,
        }
    }

    /// Waits; `true`: the service is to stop.
    pub(super) fn stops_within(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stopped {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => self.stopped = true,
                // Of an errand that was given up.
                Ok(Event::Done(..)) => {}
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        self.stopped
    }

    /// Runs an errand.
    pub(super) fn run(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Ending<T> {
        self.run_within(LONGEST, work)
    }

    fn run_within(&mut self, limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Ending<T> {
        if self.stops_within(Duration::ZERO) {
            return Ending::Stopped;
        }
        self.number += 1;
        let (number, sender) = (self.number, self.sender.clone());
        let job = move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let _ = sender.send(Event::Done(number, outcome.ok()));
        };
        if std::thread::Builder::new()
            .name("portcullis-post".to_owned())
            .spawn(job)
            .is_err()
        {
            return Ending::Late;
        }
        let mut end = Instant::now() + limit;
        loop {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(Event::Done(done, outcome)) if done == number => {
                    return outcome.map_or(Ending::Failed, Ending::Done);
                }
                Ok(Event::Done(..)) => {}
                Ok(Event::Stop) => {
                    self.stopped = true;
                    end = end.min(Instant::now() + STOPPING);
                }
                Err(_) if self.stopped => return Ending::Stopped,
                Err(_) => return Ending::Late,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread::sleep;

    fn errands() -> (Sender<Event<u8>>, Errands<u8>) {
        let (sender, events) = channel();
        (sender.clone(), Errands::new(sender, events))
    }

    #[test]
    fn an_errand_is_waited_for_and_a_late_one_is_left() {
        let (_sender, mut errands) = errands();
        assert_eq!(errands.run(|| 1), Ending::Done(1));
        assert_eq!(errands.run(|| panic!("planted")), Ending::Failed);
        let late = || {
            sleep(Duration::from_millis(100));
            2
        };
        assert_eq!(errands.run_within(Duration::from_millis(10), late), Ending::Late);
        // What the late one came to is not taken for the next one's.
        let slow = || {
            sleep(Duration::from_millis(200));
            3
        };
        assert_eq!(errands.run(slow), Ending::Done(3));
        assert!(!errands.stops_within(Duration::from_millis(10)));
    }

    #[test]
    fn a_stop_is_heard_at_once() {
        let (sender, mut errands) = errands();
        let begun = Instant::now();
        let stopping = std::thread::spawn(move || {
            sleep(Duration::from_millis(50));
            sender.send(Event::Stop).unwrap();
        });
        let hanging = || {
            sleep(Duration::from_secs(10));
            1
        };
        assert_eq!(errands.run(hanging), Ending::Stopped);
        stopping.join().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(errands.stops_within(Duration::from_secs(10)));
        assert_eq!(errands.run(|| 1), Ending::Stopped);
    }
}
