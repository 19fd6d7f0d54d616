//! The thread that runs the jobs of uploads, one at a time. A second thread reports progress and renews the lease meanwhile, also
//! while a long statement runs. Every replica has a worker; the database decides which one gets a job.

use super::KEY_TTL;
use super::job::{self, JobOutcome};
use super::progress::{Progress, StopReason};
use super::signal::Signal;
use crate::db::DbError;
use crate::db::pool::Connections;
use crate::db::uploads::queue::{Heartbeat, Job, JobEnd, Queue};
use crate::db::uploads::{LEASE, Owned};
use crate::telemetry::metrics::Metrics;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the queue is polled for jobs that other replicas have queued or left.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How often progress is reported.
const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// How often expired uploads are cleaned up.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60);

/// How long a finished upload can be looked up.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// Delay before the next attempt after an error of the database.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// How often a job may be taken from an owner that ended without handing it back.
const MAX_CRASHES: i64 = 3;

/// How long a stop waits for the worker. A statement that runs longer is rolled back by the server when the process ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// When a job that does not end at a stop is handed back although its statement goes on, whose transaction can then not be
/// committed.
const HAND_BACK_DELAY: Duration = Duration::from_secs(2);

/// A running worker. Dropping it stops it.
pub struct UploadWorker {
    signal: Signal,
    stopped: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl UploadWorker {
    /// Starts the thread over connections of the ingest login. `panicked` is called if it ends by a bug.
    pub fn start(
        connections: Connections,
        signal: Signal,
        metrics: Metrics,
        panicked: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let worker = Worker {
            connections,
            signal: signal.clone(),
            metrics,
        };
        let work = move || {
            if catch_unwind(AssertUnwindSafe(|| worker.run())).is_err() {
                panicked();
            }
            drop(stop);
        };
        let thread = std::thread::Builder::new()
            .name("portcullis-uploads".to_owned())
            .spawn(work)?;
        Ok(Self {
            signal,
            stopped,
            thread: Some(thread),
        })
    }

    /// Stops the worker: a job that is not being committed is handed back.
    pub fn stop(mut self) {
        self.signal.stop();
        if self.stopped.recv_timeout(STOP_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the upload worker did not stop in time");
        } else if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for UploadWorker {
    fn drop(&mut self) {
        self.signal.stop();
    }
}

struct Worker {
    connections: Connections,
    signal: Signal,
    metrics: Metrics,
}

/// The outcome of a job that the database could not store when it ended.
type Unwritten = Option<(Owned, JobOutcome)>;

impl Worker {
    fn run(&self) {
        let mut unwritten = None;
        while !self.signal.is_stopping() {
            if let Ok(connection) = self.connections.hold() {
                let mut queue = Queue::new(connection);
                if self.work(&mut queue, &mut unwritten).is_ok() {
                    continue;
                }
                queue.discard();
            }
            self.signal.wait_for_stop(RETRY_DELAY);
        }
    }

    /// Runs jobs until the service stops, the login is replaced, or the connection fails.
    fn work(&self, queue: &mut Queue, unwritten: &mut Unwritten) -> Result<(), DbError> {
        if let Some((owned, outcome)) = unwritten.take() {
            write(queue, owned, outcome, unwritten)?;
        }
        let mut cleaned_up: Option<Instant> = None;
        while !self.signal.is_stopping() && !queue.is_replaced() {
            if cleaned_up.is_none_or(|last| last.elapsed() > CLEANUP_INTERVAL) {
                queue.clean_up(KEY_TTL, RETENTION)?;
                cleaned_up = Some(Instant::now());
            }
            match queue.take()? {
                Some(job) => self.run_job(queue, &job, unwritten)?,
                None => {
                    self.measure(queue);
                    self.signal.wait(POLL_INTERVAL);
                }
            }
        }
        Ok(())
    }

    /// Without the backlog if the database does not answer: the next statement fails as well.
    fn measure(&self, queue: &mut Queue) {
        if let Ok(backlog) = queue.backlog() {
            self.metrics.uploads.queued(backlog.queued, backlog.age);
        }
    }

    fn run_job(&self, queue: &mut Queue, job: &Job, unwritten: &mut Unwritten) -> Result<(), DbError> {
        let batch = job.owned.id.get();
        if job.crashes >= MAX_CRASHES {
            let reason = format!("the service stopped {MAX_CRASHES} times while it processed this upload");
            tracing::error!(batch, reason, "upload failed");
            queue.end(job.owned, &JobEnd::ServiceFailed(reason))?;
            return Ok(());
        }
        let (progress, started) = (Progress::default(), Instant::now());
        let (finish, finished) = channel::<()>();
        let outcome = std::thread::scope(|scope| {
            let reports = scope.spawn(|| {
                // Moved: a receiver cannot be shared.
                let finished = finished;
                self.report(queue, job, &progress, &finished)
            });
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                job::run(job, &self.connections, &progress, &self.metrics)
            }));
            drop(finish);
            let reported = reports.join().unwrap_or(Err(DbError::Failed));
            outcome.map(|outcome| (outcome, reported))
        });
        let (outcome, reported) = outcome.unwrap_or_else(|_| {
            let reason = "an internal error occurred".to_owned();
            (JobOutcome::Ended(JobEnd::ServiceFailed(reason)), Ok(()))
        });
        let name = match &outcome {
            JobOutcome::Committed(stored_as, prices) => {
                let (stored_as, seconds) = (*stored_as, started.elapsed().as_secs_f64());
                tracing::info!(batch, stored_as, prices, seconds, "upload committed");
                self.metrics.uploads.stored(*prices, started.elapsed());
                "committed"
            }
            JobOutcome::Ended(end) => {
                let name = match end {
                    JobEnd::Checked(_) => "checked",
                    JobEnd::Failed(_) | JobEnd::Invalid(..) => "failed",
                    JobEnd::ServiceFailed(reason) => {
                        tracing::error!(batch, reason, "upload failed");
                        "failed"
                    }
                    JobEnd::Cancelled => "cancelled",
                };
                tracing::info!(batch, outcome = name, "upload ended");
                name
            }
            JobOutcome::Interrupted => "interrupted",
            JobOutcome::Lost => "lost",
        };
        self.metrics.uploads.ended(name);
        let is_interrupted = matches!(outcome, JobOutcome::Interrupted);
        write(queue, job.owned, outcome, unwritten)?;
        if is_interrupted {
            // What interrupted it may last.
            self.signal.wait_for_stop(RETRY_DELAY);
        }
        reported
    }

    /// Reports the progress of a job until it ends. An error of the database ends the job when the lease has ended.
    fn report(
        &self,
        queue: &mut Queue,
        job: &Job,
        progress: &Progress,
        finished: &Receiver<()>,
    ) -> Result<(), DbError> {
        let mut renewed = Instant::now();
        let mut stopping: Option<Instant> = None;
        self.measure(queue);
        while finished.recv_timeout(REPORT_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            if self.signal.is_stopping() {
                progress.stop(StopReason::Stopping);
                if stopping.get_or_insert_with(Instant::now).elapsed() > HAND_BACK_DELAY {
                    return queue.release(job.owned);
                }
            }
            // Repeated, because it has no effect between two statements. An error is logged, and the job handed back later.
            progress.cancel_statement(|pid| drop(queue.cancel_statement(pid)));
            let (done, total) = progress.counts();
            let begun = Instant::now();
            match queue.report(job.owned, done, total) {
                Ok(Heartbeat::Continue) => renewed = begun,
                Ok(Heartbeat::Cancel) => progress.stop(StopReason::Cancelled),
                // Also after the commit.
                Ok(Heartbeat::Lost) => progress.stop(StopReason::Lost),
                Err(error) => {
                    if renewed.elapsed() > LEASE {
                        progress.stop(StopReason::Lost);
                        return Err(error);
                    }
                }
            }
            self.measure(queue);
        }
        Ok(())
    }
}

/// Stores the outcome of a job. What the database cannot store at present is `unwritten` afterwards: otherwise another attempt would
/// begin only when the lease ends, and count as one whose process died.
fn write(
    queue: &mut Queue,
    owned: Owned,
    outcome: JobOutcome,
    unwritten: &mut Unwritten,
) -> Result<(), DbError> {
    let result = match &outcome {
        JobOutcome::Committed(..) | JobOutcome::Lost => Ok(()),
        JobOutcome::Ended(end) => queue.end(owned, end).map(drop),
        JobOutcome::Interrupted => queue.release(owned),
    };
    if let Err(DbError::Unavailable | DbError::Timeout | DbError::OutOfResources) = result {
        *unwritten = Some((owned, outcome));
    }
    result
}
