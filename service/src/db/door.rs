//! The one door to the database: a permit in order of arrival, then a blocking thread with a connection of its own.
use super::conninfo::Purpose;
use super::error::DbError;
use super::pool::{self, Link, Manager};
use crate::config::database::{Database, Login};
use crate::telemetry::metrics::Metrics;
use diesel::prelude::*;
use diesel::r2d2::{Pool, PooledConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How often a statement is tried when its connection turns out dead: once on the old one, once on a fresh one, and
/// once more for a server that stopped in between.
const TRIES: u32 = 3;

/// One login's pool. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    link: Arc<Link>,
    permits: Arc<Semaphore>,
    wait: Duration,
    metrics: Metrics,
}

impl Db {
    /// The pool of a login. Works without a server: statements fail with `Unavailable` until there is one.
    pub fn new(database: &Database, login: &Login, purpose: Purpose, metrics: Metrics) -> Self {
        let (manager, link) = Manager::new(database, login, purpose);
        let size = database.pool_size;
        Self {
            pool: pool::build(manager, size, database.wait),
            link,
            permits: Arc::new(Semaphore::new(size as usize)),
            wait: database.wait,
            metrics,
        }
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
        self.blocking(what, move || {
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
        self.blocking(what, move || {
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

    /// The permit first, so that nobody holds a thread while waiting and whoever came first goes first. Measured:
    /// without it the slowest hundredth waits thirty times as long.
    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let begun = Instant::now();
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            tracing::warn!(what, "no database connection became free in time");
            return Err(DbError::Exhausted);
        };
        self.metrics.pool_waited(begun.elapsed());
        // The permit goes along: a request that is dropped half-way does not free it before the statement ends.
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        let result = work.await.unwrap_or_else(|_| {
            tracing::error!(what, "database work panicked");
            Err(DbError::Failed)
        });
        self.metrics.statement(what, result.is_ok());
        result
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
