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

/// A caller that does not take a part for so long is slow.
const SLOW_PART: Duration = Duration::from_secs(1);

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
    /// How long a caller that takes its parts slowly may hold a connection for which others wait.
    pub contended_duration: Duration,
}

/// How many pieces of work wait for a connection. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Waiting(watch::Sender<usize>);

/// One of them, until this is dropped.
pub struct WaitingGuard(watch::Sender<usize>);

impl Waiting {
    /// Counts one more.
    pub fn add(&self) -> WaitingGuard {
        self.0.send_modify(|count| *count += 1);
        WaitingGuard(self.0.clone())
    }

    fn subscribe(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }
}

impl Drop for WaitingGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
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
    waiting: watch::Receiver<usize>,
    times: PartTimes,
    started: Option<Instant>,
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
    waiting: &Waiting,
) -> (PartSender<T>, Parts<T>) {
    let (sender, receiver) = mpsc::channel(PARTS_IN_ADVANCE);
    let state = Arc::new(State::default());
    let sender = PartSender {
        parts: sender,
        state: Arc::clone(&state),
        runtime: Handle::current(),
        closing,
        waiting: waiting.subscribe(),
        times,
        started: None,
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
        self.started = Some(Instant::now());
        self.state.is_started.store(true, Ordering::Relaxed);
    }

    /// Hands over a part, waiting until the caller has taken enough of the others.
    ///
    /// # Errors
    ///
    /// The caller has left or is too slow, or the connections are closing. The work must end with this error.
    pub fn send(&mut self, part: T) -> QueryResult<()> {
        let started = self.started.unwrap_or_else(Instant::now);
        let deadline = started + self.times.max_duration;
        let contended = (started + self.times.contended_duration).max(Instant::now() + SLOW_PART);
        let (parts, closing, waiting) = (&self.parts, &mut self.closing, &mut self.waiting);
        let end = self.runtime.block_on(async {
            tokio::select! {
                sent = parts.send(part) => sent.err().map(|_| Ok(())),
                _ = closing.wait_for(|closing| *closing) => Some(Err(DbError::Unavailable)),
                () = async {
                    tokio::time::sleep_until(contended.into()).await;
                    let _ = waiting.wait_for(|count| *count > 0).await;
                } => {
                    tracing::warn!("the parts of a result were taken slowly while others waited for a connection");
                    Some(Err(DbError::Exhausted))
                }
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
            contended_duration: Duration::from_millis(400),
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
        let (sender, mut parts) = parts("test", times(), closing, &Waiting::default());
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
        let (sender, mut abandoned) = parts("test", times(), closing.clone(), &Waiting::default());
        let producer = produce(sender, 100);
        abandoned.next().await.unwrap();
        drop(abandoned);
        assert!(producer.join().unwrap() < 5);

        let (sender, mut slow) = parts("test", times(), closing, &Waiting::default());
        let producer = produce(sender, 100);
        assert!(producer.join().unwrap() < 5);
        while let Ok(part) = slow.next().await {
            assert!(part.is_some(), "the result looks complete");
        }

        let (close, closing) = watch::channel(false);
        let (sender, mut closed) = parts("test", times(), closing, &Waiting::default());
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
        let (sender, mut late) = parts::<u32>("test", times(), closing.clone(), &Waiting::default());
        assert_eq!(late.next().await, Err(DbError::Exhausted));
        drop(sender);
        let (sender, mut dropped) = parts::<u32>("test", times(), closing.clone(), &Waiting::default());
        drop(sender);
        assert_eq!(dropped.next().await, Err(DbError::Exhausted));
        let (mut sender, mut hung) = parts::<u32>("test", times(), closing.clone(), &Waiting::default());
        sender.start();
        assert_eq!(hung.next().await, Err(DbError::Timeout));
        let (mut sender, mut panicked) = parts::<u32>("test", times(), closing, &Waiting::default());
        sender.start();
        drop(sender);
        assert_eq!(panicked.next().await, Err(DbError::Failed));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_slow_caller_yields_to_others_and_a_fast_one_does_not() {
        let (_close, closing) = watch::channel(false);
        let (waiting, long) = (Waiting::default(), Duration::from_secs(60));
        let times = || PartTimes {
            max_duration: long,
            part_timeout: long,
            contended_duration: Duration::from_millis(100),
            ..times()
        };
        let (sender, mut slow) = parts("test", times(), closing.clone(), &waiting);
        let producer = produce(sender, 100);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!producer.is_finished(), "nothing waits");
        let guard = waiting.add();
        assert!(producer.join().unwrap() < 5);
        while let Ok(part) = slow.next().await {
            assert!(part.is_some(), "the result looks complete");
        }
        let (sender, mut fast) = parts("test", times(), closing, &waiting);
        let producer = produce(sender, 100_000);
        while fast.next().await.unwrap().is_some() {}
        assert_eq!(producer.join().unwrap(), 100_000);
        drop(guard);
    }
}
