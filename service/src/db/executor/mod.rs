//! Runs database work: a queue in order of arrival, then a thread with a connection. Everything that serves requests goes
//! through [`Db::run`], [`Db::tx`], [`Db::batched`] or [`Db::stream`].

/// Lookups that share a round trip.
pub mod batch;

/// Results that are handed over part by part.
pub mod parts;

/// Results with a deadline to start and one to finish.
mod pending_result;

/// The threads.
mod workers;

use crate::config::database::{DatabaseSettings, Login};
use crate::db::conninfo::Purpose;
use crate::db::error::DbError;
use crate::db::pool::Connections;
use crate::telemetry::metrics::Metrics;
use batch::{Batcher, Dispatch, QueuedLookup};
use diesel::prelude::*;
use parts::{PartSender, PartTimes, Parts, Waiting, parts};
use pending_result::pending_result;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use workers::Workers;

/// Start deadline of a batch, distant on purpose: its lookups have their own, and would never be answered if the batch
/// itself were dropped.
const BATCH_START_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Added to the statement timeout for the network.
const NETWORK_ALLOWANCE: Duration = Duration::from_secs(1);

/// How long [`Db::close`] waits for running statements: a little longer than the default statement timeout.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(6);

/// One login's connections and threads. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    connections: Connections,
    workers: Workers,
    acquire_timeout: Duration,
    /// From queueing to the result: the acquire timeout, the statement timeout, and the network.
    total_timeout: Duration,
    /// How much work is done at the same time.
    threads: u32,
    /// Streams that wait for a connection.
    waiting: Waiting,
    /// Becomes true when the connections close.
    closing: watch::Sender<bool>,
    metrics: Metrics,
}

/// How long a stream may hold its connection.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// At most.
    pub max_duration: Duration,
    /// While other streams wait for a connection, and the caller takes the parts slowly.
    pub contended_duration: Duration,
}

impl Db {
    /// Opens the connections of a login and starts the threads. Needs no server: work fails with `Unavailable` until there
    /// is one.
    pub fn start(
        database: &DatabaseSettings,
        login: &Login,
        purpose: Purpose,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let connections = Connections::open(database, login, purpose);
        Self::over(database, connections, metrics)
    }

    /// Starts the threads over these connections.
    pub fn over(
        database: &DatabaseSettings,
        connections: Connections,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let purpose = connections.purpose();
        let threads = purpose.threads(database);
        Ok(Self {
            connections,
            workers: Workers::start(purpose.application_name(), threads)?,
            acquire_timeout: database.acquire_timeout,
            total_timeout: database.acquire_timeout + database.statement_timeout + NETWORK_ALLOWANCE,
            threads,
            waiting: Waiting::default(),
            closing: watch::Sender::new(false),
            metrics,
        })
    }

    /// Ends all database work. Blocks for as long as a running statement or connection attempt may take.
    pub fn close(&self) {
        self.closing.send_replace(true);
        self.workers.close(CLOSE_TIMEOUT);
        self.connections.close();
    }

    /// How much work is done at the same time.
    pub fn threads(&self) -> usize {
        self.threads as usize
    }

    /// Runs a read. It is repeated on a fresh connection if the first one turns out to be dead, so it must have no
    /// effect: changes go through [`Db::tx`].
    pub async fn run<T, F>(&self, what: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        self.submit(what, move |connections| connections.repeat(what, work))
            .await
    }

    /// Runs work in one transaction. It is repeated only if the connection turns out to be dead before the first statement.
    pub async fn tx<T, F>(&self, what: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        self.submit(what, move |connections| connections.transaction(what, work))
            .await
    }

    /// Runs a read in one snapshot, whose parts are handed over as the caller takes them. It holds a connection until the last part
    /// is taken, the caller has left, or its time has passed.
    pub fn stream<T, F>(&self, what: &'static str, limits: StreamLimits, work: F) -> Parts<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection, &mut PartSender<T>) -> QueryResult<()> + Send + 'static,
    {
        let queued_at = Instant::now();
        let times = PartTimes {
            start_deadline: queued_at + self.acquire_timeout,
            part_timeout: self.total_timeout,
            max_duration: limits.max_duration,
            contended_duration: limits.contended_duration,
        };
        let (mut sender, parts) = parts(what, times, self.closing.subscribe(), &self.waiting);
        let waiting = self.waiting.add();
        let (span, metrics, connections) = (
            tracing::Span::current(),
            self.metrics.clone(),
            self.connections.clone(),
        );
        let job = move || {
            drop(waiting);
            if !sender.is_wanted() {
                return;
            }
            sender.start();
            metrics.pool_waited(queued_at.elapsed());
            let result = span.in_scope(|| {
                connections.transaction(what, |conn| {
                    diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                        .execute(conn)?;
                    match work(conn, &mut sender) {
                        // No error of the database: the transaction changed nothing and may as well be committed.
                        Err(_) if sender.has_ended_early() => Ok(()),
                        result => result,
                    }
                })
            });
            metrics.statement(what, result.is_ok());
            sender.finish(result);
        };
        self.workers.push(times.start_deadline, Box::new(job));
        parts
    }

    /// Looks up one key in a batch with others that wait: `work` gets all keys and returns as many values, in the same
    /// order. Like [`Db::run`] it may be repeated.
    pub async fn batched<K, V, F>(
        &self,
        what: &'static str,
        batcher: &Batcher<K, V>,
        key: K,
        work: F,
    ) -> Result<V, DbError>
    where
        K: Send + 'static,
        V: Send + 'static,
        F: Fn(&mut PgConnection, &[&K]) -> QueryResult<Vec<V>> + Copy + Send + 'static,
    {
        let now = Instant::now();
        let (pending, dispatch) = batcher.enqueue(key, now + self.acquire_timeout, now + self.total_timeout);
        if dispatch == Dispatch::Now {
            self.dispatch(what, batcher, work);
        }
        pending.wait(what).await
    }

    /// Queues a job that runs one batch, and another one if more lookups wait when it ends.
    fn dispatch<K, V, F>(&self, what: &'static str, batcher: &Batcher<K, V>, work: F)
    where
        K: Send + 'static,
        V: Send + 'static,
        F: Fn(&mut PgConnection, &[&K]) -> QueryResult<Vec<V>> + Copy + Send + 'static,
    {
        let (db, own) = (self.clone(), batcher.clone());
        let job = move || {
            // Also when the work panics: the lookups that were queued meanwhile need another batch.
            let finished = OnDrop(|| {
                if own.finish() == Dispatch::Now {
                    db.dispatch(what, &own, work);
                }
            });
            let batch = own.take_batch();
            if batch.is_empty() {
                return;
            }
            batch
                .iter()
                .for_each(|lookup| db.metrics.pool_waited(lookup.start()));
            let keys: Vec<&K> = batch.iter().map(QueuedLookup::key).collect();
            let values = db.connections.repeat(what, |conn| work(conn, &keys));
            db.metrics.statement(what, values.is_ok());
            match values {
                Ok(values) => batch
                    .into_iter()
                    .zip(values)
                    .for_each(|(lookup, value)| lookup.complete(Ok(value))),
                Err(error) => batch
                    .into_iter()
                    .for_each(|lookup| lookup.complete(Err(error.clone()))),
            }
            drop(finished);
        };
        if !self
            .workers
            .push(Instant::now() + BATCH_START_TIMEOUT, Box::new(job))
        {
            batcher.reject_all();
        }
    }

    /// Queues work and awaits its result.
    async fn submit<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connections) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let queued_at = Instant::now();
        let start_deadline = queued_at + self.acquire_timeout;
        let (sender, pending) = pending_result(start_deadline, queued_at + self.total_timeout);
        let (span, metrics, connections) = (
            tracing::Span::current(),
            self.metrics.clone(),
            self.connections.clone(),
        );
        let job = move || {
            if !sender.is_wanted() {
                return;
            }
            sender.start();
            metrics.pool_waited(queued_at.elapsed());
            let result = span.in_scope(|| work(&connections));
            metrics.statement(what, result.is_ok());
            sender.send(result);
        };
        // A full queue drops the job and its sender, which the pending result reports.
        self.workers.push(start_deadline, Box::new(job));
        pending.wait(what).await
    }
}

/// Calls a function when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
