//! The one door to the database: a queue in order of arrival, then a thread with a connection of its own.
use super::conninfo::Purpose;
use super::error::DbError;
use super::gather::{Asked, Gather, Ticket};
use super::pool::Connections;
use super::workers::Workers;
use crate::config::database::{DatabaseSettings, Login};
use crate::telemetry::metrics::Metrics;
use diesel::prelude::*;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Work that answers others: it must not be dropped when it is late, or those who wait for it would wait for ever.
const ALWAYS_WANTED: Duration = Duration::from_secs(86_400);

/// What the network may take beside a statement.
const NETWORK: Duration = Duration::from_secs(1);

/// How long closing waits for statements: a little longer than they may run unless set otherwise.
const CLOSING: Duration = Duration::from_secs(6);

/// One login's connections and threads. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    connections: Connections,
    workers: Workers,
    wait: Duration,
    /// From asking to the end: the wait, the longest statement, and what the network may take.
    limit: Duration,
    metrics: Metrics,
}

impl Db {
    /// Works without a server: statements fail with `Unavailable` until there is one.
    pub fn start(
        database: &DatabaseSettings,
        login: &Login,
        purpose: Purpose,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        Ok(Self {
            connections: Connections::open(database, login, purpose),
            workers: Workers::start(purpose.application_name(), purpose.connections(database))?,
            wait: database.acquire_timeout,
            limit: database.acquire_timeout + database.statement_timeout + NETWORK,
            metrics,
        })
    }

    /// Ends all database work, for good. Blocks for as long as a connection or a statement may take.
    pub fn close(&self) {
        self.workers.rest(CLOSING);
        self.connections.close();
    }

    /// Runs one repeatable piece of reading. It is run again on a fresh connection when the old one proves dead, so it
    /// must have no effect: changes go through [`Db::tx`].
    pub async fn run<T, F>(&self, what: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        self.queued(what, move |connections| connections.repeat(what, work))
            .await
    }

    /// Runs work in one transaction, once.
    pub async fn tx<T, F>(&self, what: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        self.queued(what, move |connections| {
            connections.once(what, |conn| conn.transaction(work))
        })
        .await
    }

    /// Looks one key up, together with those that others wait for meanwhile: `work` gets all keys and returns as many
    /// values, in the same order. Like [`Db::run`] it may be run again.
    pub async fn gathered<K, V, F>(
        &self,
        what: &'static str,
        gather: &Gather<K, V>,
        key: K,
        work: F,
    ) -> Result<V, DbError>
    where
        K: Send + 'static,
        V: Send + 'static,
        F: Fn(&mut PgConnection, &[&K]) -> QueryResult<Vec<V>> + Copy + Send + 'static,
    {
        let now = Instant::now();
        let (ticket, send) = gather.ask(key, now + self.wait, now + self.limit);
        if send {
            self.send_for(what, gather, work);
        }
        ticket.answer(what).await
    }

    /// Puts somebody into the queue who answers whatever has gathered when their turn comes.
    fn send_for<K, V, F>(&self, what: &'static str, gather: &Gather<K, V>, work: F)
    where
        K: Send + 'static,
        V: Send + 'static,
        F: Fn(&mut PgConnection, &[&K]) -> QueryResult<Vec<V>> + Copy + Send + 'static,
    {
        let (own, waiting) = (self.clone(), gather.clone());
        let job = move || {
            // Told also when the work panics: those who ask meanwhile must not wait for a messenger that never comes.
            let back = Back(|| {
                if waiting.back() {
                    own.send_for(what, &waiting, work);
                }
            });
            let asked = waiting.take();
            if asked.is_empty() {
                return;
            }
            asked
                .iter()
                .for_each(|asked| own.metrics.pool_waited(asked.begin()));
            let keys: Vec<&K> = asked.iter().map(Asked::key).collect();
            let values = own.connections.repeat(what, |conn| work(conn, &keys));
            own.metrics.statement(what, values.is_ok());
            match values {
                Ok(values) => asked
                    .into_iter()
                    .zip(values)
                    .for_each(|(asked, value)| asked.answer(Ok(value))),
                Err(error) => asked
                    .into_iter()
                    .for_each(|asked| asked.answer(Err(error.clone()))),
            }
            drop(back);
        };
        if !self.workers.push(Instant::now() + ALWAYS_WANTED, Box::new(job)) {
            gather.turn_away();
        }
    }

    /// Puts the work into the queue and waits for it.
    async fn queued<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connections) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let asked = Instant::now();
        let (ticket, begun, answer) = Ticket::new(asked + self.wait, asked + self.limit);
        let (span, metrics, connections) = (
            tracing::Span::current(),
            self.metrics.clone(),
            self.connections.clone(),
        );
        let job = move || {
            // The client may have gone while this waited.
            if answer.is_closed() {
                return;
            }
            begun.store(true, Ordering::Relaxed);
            metrics.pool_waited(asked.elapsed());
            let result = span.in_scope(|| work(&connections));
            metrics.statement(what, result.is_ok());
            let _ = answer.send(result);
        };
        // A full queue drops the work, and the ticket with it says so.
        self.workers.push(asked + self.wait, Box::new(job));
        ticket.answer(what).await
    }
}

/// Does something when it is dropped.
struct Back<F: FnMut()>(F);

impl<F: FnMut()> Drop for Back<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
