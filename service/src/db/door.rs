//! The one door to the database: a queue in order of arrival, then a thread with a connection of its own.
use super::conninfo::Purpose;
use super::error::DbError;
use super::pool::{self, Link, Manager};
use super::workers::Workers;
use crate::config::database::{Database, Login};
use crate::telemetry::metrics::Metrics;
use diesel::prelude::*;
use diesel::r2d2::{Pool, PooledConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often a statement is tried when its connection turns out dead: once on the old one, once on a fresh one, and
/// once more for a server that stopped in between.
const TRIES: u32 = 3;

/// One login's pool. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    link: Arc<Link>,
    workers: Workers,
    wait: Duration,
    metrics: Metrics,
}

impl Db {
    /// The pool of a login. Works without a server: statements fail with `Unavailable` until there is one.
    pub fn start(
        database: &Database,
        login: &Login,
        purpose: Purpose,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let (manager, link) = Manager::new(database, login, purpose);
        let size = database.pool_size;
        Ok(Self {
            pool: pool::build(manager, size, database.wait),
            link,
            workers: Workers::start(purpose.application_name(), size)?,
            wait: database.wait,
            metrics,
        })
    }

    /// Runs one repeatable piece of reading. It is run again on a fresh connection when the old one proves dead, so it
    /// must have no effect: changes go through [`Db::tx`].
    pub async fn run<T, F>(&self, what: &'static str, mut work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        let link = Arc::clone(&self.link);
        let pool = self.pool.clone();
        self.queued(what, move || {
            let mut result = Err(DbError::Unavailable);
            for _ in 0..TRIES {
                let mut connection = take(&pool, &link)?;
                result = work(&mut connection.pg).map_err(|error| DbError::of(what, &error));
                if result.as_ref().err() != Some(&DbError::Unavailable) {
                    break;
                }
                link.lost(connection.epoch);
            }
            result
        })
        .await
    }

    /// Runs work in one transaction, once.
    pub async fn tx<T, F>(&self, what: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    {
        let link = Arc::clone(&self.link);
        let pool = self.pool.clone();
        self.queued(what, move || {
            let mut connection = take(&pool, &link)?;
            let result = connection
                .pg
                .transaction(work)
                .map_err(|error| DbError::of(what, &error));
            if result.as_ref().err() == Some(&DbError::Unavailable) {
                link.lost(connection.epoch);
            }
            result
        })
        .await
    }

    /// Puts the work into the queue and waits: for its turn as long as a request may wait, for its end as long as it takes.
    async fn queued<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let asked = Instant::now();
        let until = asked + self.wait;
        let (answer, mut answered) = oneshot::channel();
        let span = tracing::Span::current();
        let metrics = self.metrics.clone();
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let job = move || {
            // The client may have gone while this waited.
            if answer.is_closed() {
                return;
            }
            begins.store(true, Ordering::Relaxed);
            metrics.pool_waited(asked.elapsed());
            let result = span.in_scope(work);
            metrics.statement(what, result.is_ok());
            let _ = answer.send(result);
        };
        let mut result = None;
        if self.workers.push(until, Box::new(job)) {
            result = match tokio::time::timeout_at(until.into(), &mut answered).await {
                Ok(answer) => Some(answer),
                Err(_) if begun.load(Ordering::Relaxed) => Some(answered.await),
                Err(_) => None,
            };
        }
        match result {
            Some(Ok(result)) => result,
            Some(Err(_)) if begun.load(Ordering::Relaxed) => {
                tracing::error!(what, "database work panicked");
                Err(DbError::Failed)
            }
            _ => {
                tracing::warn!(what, "no database connection became free in time");
                Err(DbError::Exhausted)
            }
        }
    }
}

/// A connection, or at once `Unavailable` when the server is known to be away and none is left from better days.
fn take(pool: &Pool<Manager>, link: &Link) -> Result<PooledConnection<Manager>, DbError> {
    if link.is_down() && pool.state().idle_connections == 0 {
        return Err(DbError::Unavailable);
    }
    let taken: Result<PooledConnection<Manager>, _> = pool.get();
    taken.map_err(|_| DbError::Unavailable)
}
