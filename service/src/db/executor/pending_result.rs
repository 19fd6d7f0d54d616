//! Awaits the result of queued database work with two deadlines: one to start, one to finish. A hung server keeps its
//! connection open and sends nothing, so only a timer on this side ends the wait.

use crate::db::error::DbError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// The caller's end.
pub struct PendingResult<T> {
    start_deadline: Instant,
    finish_deadline: Instant,
    started: Arc<AtomicBool>,
    result: oneshot::Receiver<Result<T, DbError>>,
}

/// The worker's end. Dropping it without a result fails the work.
pub struct ResultSender<T> {
    started: Arc<AtomicBool>,
    result: oneshot::Sender<Result<T, DbError>>,
}

/// Creates both ends.
pub fn pending_result<T>(
    start_deadline: Instant,
    finish_deadline: Instant,
) -> (ResultSender<T>, PendingResult<T>) {
    let (sender, result) = oneshot::channel();
    let started = Arc::new(AtomicBool::new(false));
    let pending = PendingResult {
        start_deadline,
        finish_deadline,
        started: Arc::clone(&started),
        result,
    };
    let sender = ResultSender {
        started,
        result: sender,
    };
    (sender, pending)
}

impl<T> ResultSender<T> {
    /// Whether the caller is still there: a client may disconnect while its work waits.
    pub fn is_wanted(&self) -> bool {
        !self.result.is_closed()
    }

    /// From now on the finish deadline applies.
    pub fn start(&self) {
        self.started.store(true, Ordering::Relaxed);
    }

    /// Hands over the result.
    pub fn send(self, result: Result<T, DbError>) {
        let _ = self.result.send(result);
    }
}

impl<T> PendingResult<T> {
    /// The result. `Exhausted`: the work did not start in time. `Timeout`: it did not finish in time. `Failed`: it
    /// panicked.
    pub async fn wait(mut self, what: &'static str) -> Result<T, DbError> {
        let started = || self.started.load(Ordering::Relaxed);
        let result = match tokio::time::timeout_at(self.start_deadline.into(), &mut self.result).await {
            Err(_) if started() => {
                match tokio::time::timeout_at(self.finish_deadline.into(), self.result).await {
                    Ok(result) => result,
                    Err(_) => {
                        tracing::warn!(what, "database work did not finish in time");
                        return Err(DbError::Timeout);
                    }
                }
            }
            Err(_) => return Err(exhausted(what)),
            Ok(result) => result,
        };
        match result {
            Ok(result) => result,
            Err(_) if self.started.load(Ordering::Relaxed) => {
                tracing::error!(what, "database work panicked");
                Err(DbError::Failed)
            }
            Err(_) => Err(exhausted(what)),
        }
    }
}

fn exhausted(what: &'static str) -> DbError {
    tracing::warn!(what, "no database connection became free in time");
    DbError::Exhausted
}
