//! Database work whose result is handed over part by part, as fast as the caller takes it. Memory is bounded, and the connection is
//! free as soon as the caller has left.

use crate::db::error::DbError;
use diesel::result::{Error, QueryResult};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// Parts that wait for the caller while the next one is produced.
const PARTS_IN_ADVANCE: usize = 1;

/// The time limits of work that is handed over part by part.
#[derive(Clone, Copy, Debug)]
pub struct PartTimes {
    /// When it must have started.
    pub start_deadline: Instant,
    /// How long a part may take.
    pub part_timeout: Duration,
    /// How long the caller may take for all parts: meanwhile the work holds its connection, and a snapshot that keeps the server from
    /// removing dead rows.
    pub max_duration: Duration,
}

/// The caller's end.
pub struct Parts<T> {
    what: &'static str,
    times: PartTimes,
    parts: mpsc::Receiver<T>,
    state: Arc<State>,
}

/// The worker's end.
pub struct PartSender<T> {
    parts: mpsc::Sender<T>,
    state: Arc<State>,
    runtime: Handle,
    closing: watch::Receiver<bool>,
    max_duration: Duration,
    deadline: Option<Instant>,
    ended_early: bool,
}

#[derive(Default)]
struct State {
    is_started: AtomicBool,
    /// How the work ended. Not set: it has not ended, was dropped before it began, or panicked.
    result: OnceLock<Result<(), DbError>>,
}

/// Creates both ends. Must be called in the runtime whose tasks take the parts.
pub fn parts<T>(
    what: &'static str,
    times: PartTimes,
    closing: watch::Receiver<bool>,
) -> (PartSender<T>, Parts<T>) {
    let (sender, receiver) = mpsc::channel(PARTS_IN_ADVANCE);
    let state = Arc::new(State::default());
    let sender = PartSender {
        parts: sender,
        state: Arc::clone(&state),
        runtime: Handle::current(),
        closing,
        max_duration: times.max_duration,
        deadline: None,
        ended_early: false,
    };
    let parts = Parts {
        what,
        times,
        parts: receiver,
        state,
    };
    (sender, parts)
}

impl<T> PartSender<T> {
    /// Whether the caller is still there.
    pub fn is_wanted(&self) -> bool {
        !self.parts.is_closed()
    }

    /// The work begins.
    pub fn start(&mut self) {
        self.deadline = Some(Instant::now() + self.max_duration);
        self.state.is_started.store(true, Ordering::Relaxed);
    }

    /// Hands over a part, waiting until the caller has taken enough of the others.
    ///
    /// # Errors
    ///
    /// The caller has left or is too slow, or the connections are closing. The work must end with this error.
    pub fn send(&mut self, part: T) -> QueryResult<()> {
        let deadline = self.deadline.unwrap_or_else(Instant::now);
        let (parts, closing) = (&self.parts, &mut self.closing);
        let end = self.runtime.block_on(async {
            tokio::select! {
                sent = parts.send(part) => sent.err().map(|_| Ok(())),
                _ = closing.wait_for(|closing| *closing) => Some(Err(DbError::Unavailable)),
                () = tokio::time::sleep_until(deadline.into()) => {
                    tracing::warn!("the parts of a result were not taken in time");
                    Some(Err(DbError::Timeout))
                }
            }
        });
        let Some(end) = end else { return Ok(()) };
        self.ended_early = true;
        let _ = self.state.result.set(end);
        Err(Error::RollbackTransaction)
    }

    /// Whether [`Self::send`] has failed.
    pub fn has_ended_early(&self) -> bool {
        self.ended_early
    }

    /// The work has ended.
    pub fn finish(self, result: Result<(), DbError>) {
        let _ = self.state.result.set(result);
    }
}

impl<T> Parts<T> {
    /// The next part; `None` after the last one.
    ///
    /// # Errors
    ///
    /// `Exhausted`: the work did not start in time. `Timeout`: a part took too long, or the caller did. `Failed`: it panicked. What
    /// was handed over before is incomplete.
    pub async fn next(&mut self) -> Result<Option<T>, DbError> {
        let is_started = |state: &State| state.is_started.load(Ordering::Relaxed);
        loop {
            let was_started = is_started(&self.state);
            let deadline = if was_started {
                Instant::now() + self.times.part_timeout
            } else {
                self.times.start_deadline
            };
            match tokio::time::timeout_at(deadline.into(), self.parts.recv()).await {
                Ok(Some(part)) => return Ok(Some(part)),
                Ok(None) => break,
                Err(_) if was_started => {
                    tracing::warn!(what = self.what, "database work did not produce a part in time");
                    return Err(DbError::Timeout);
                }
                Err(_) if is_started(&self.state) => {}
                Err(_) => return Err(self.exhausted()),
            }
        }
        match self.state.result.get() {
            Some(result) => result.clone().map(|()| None),
            None if is_started(&self.state) => {
                tracing::error!(what = self.what, "database work panicked");
                Err(DbError::Failed)
            }
            None => Err(self.exhausted()),
        }
    }

    fn exhausted(&self) -> DbError {
        tracing::warn!(what = self.what, "no database connection became free in time");
        DbError::Exhausted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> PartTimes {
        PartTimes {
            start_deadline: Instant::now() + Duration::from_millis(200),
            part_timeout: Duration::from_millis(200),
            max_duration: Duration::from_millis(400),
        }
    }

    /// Sends parts from a thread until one is not taken, or there are as many as this; returns how many were.
    fn produce(mut sender: PartSender<u32>, count: u32) -> std::thread::JoinHandle<u32> {
        std::thread::spawn(move || {
            sender.start();
            let sent = (0..count)
                .take_while(|number| sender.send(*number).is_ok())
                .count();
            sender.finish(Ok(()));
            u32::try_from(sent).unwrap()
        })
    }

    #[tokio::test]
    async fn all_parts_arrive_in_order_and_then_the_end() {
        let (_close, closing) = watch::channel(false);
        let (sender, mut parts) = parts("test", times(), closing);
        let producer = produce(sender, 100);
        for expected in 0..100 {
            assert_eq!(parts.next().await, Ok(Some(expected)));
        }
        assert_eq!(parts.next().await, Ok(None));
        assert_eq!(producer.join().unwrap(), 100);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_work_ends_when_the_caller_leaves_is_too_slow_or_the_connections_close() {
        let (_close, closing) = watch::channel(false);
        let (sender, mut abandoned) = parts("test", times(), closing.clone());
        let producer = produce(sender, 100);
        abandoned.next().await.unwrap();
        drop(abandoned);
        assert!(producer.join().unwrap() < 5);

        let (sender, mut slow) = parts("test", times(), closing);
        let producer = produce(sender, 100);
        assert!(producer.join().unwrap() < 5);
        while let Ok(part) = slow.next().await {
            assert!(part.is_some(), "the result looks complete");
        }

        let (close, closing) = watch::channel(false);
        let (sender, mut closed) = parts("test", times(), closing);
        let producer = produce(sender, 100);
        let start = Instant::now();
        close.send_replace(true);
        assert!(producer.join().unwrap() < 5);
        assert!(start.elapsed() < times().max_duration);
        while let Ok(part) = closed.next().await {
            assert!(part.is_some(), "the result looks complete");
        }
    }

    #[tokio::test]
    async fn work_that_does_not_start_hangs_or_panics_is_an_error() {
        let (_close, closing) = watch::channel(false);
        let (sender, mut late) = parts::<u32>("test", times(), closing.clone());
        assert_eq!(late.next().await, Err(DbError::Exhausted));
        drop(sender);
        let (sender, mut dropped) = parts::<u32>("test", times(), closing.clone());
        drop(sender);
        assert_eq!(dropped.next().await, Err(DbError::Exhausted));
        let (mut sender, mut hung) = parts::<u32>("test", times(), closing.clone());
        sender.start();
        assert_eq!(hung.next().await, Err(DbError::Timeout));
        let (mut sender, mut panicked) = parts::<u32>("test", times(), closing);
        sender.start();
        drop(sender);
        assert_eq!(panicked.next().await, Err(DbError::Failed));
    }
}
