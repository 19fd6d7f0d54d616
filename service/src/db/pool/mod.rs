//! The connections of one purpose: a pool for each generation of credentials, so that credentials can be replaced while
//! requests are served.

/// Opens connections.
mod manager;

use crate::config::database::{DatabaseSettings, Login};
use crate::db::conninfo::Purpose;
use crate::db::error::DbError;
use diesel::connection::Connection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{Builder, NopErrorHandler, Pool, PooledConnection};
use diesel::result::{Error, QueryResult};
use manager::ServerState;
pub use manager::{ConnectError, Draining, Manager};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Attempts of repeatable work: on the pooled connection, on a new one, and once more in case the server restarted in
/// between.
const MAX_ATTEMPTS: u32 = 3;

/// How long a new pool may take to open its connections.
const WARM_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a thread waits for a connection of one pool before it looks whether the pool was replaced.
const WAIT_FOR_REPLACEMENT: Duration = Duration::from_millis(50);

/// The pool of one generation of credentials.
#[derive(Clone)]
struct Generation {
    pool: Pool<Manager>,
    server: Arc<ServerState>,
}

/// The connections of one purpose. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    database: DatabaseSettings,
    purpose: Purpose,
    current: RwLock<(Generation, Draining)>,
}

impl Connections {
    /// Opens the pool. Connections are opened in the background as soon as the server is available.
    pub fn open(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> Self {
        let (manager, draining) = Manager::new(database, login, purpose);
        let server = manager.server();
        let pool = builder(database, purpose).build_unchecked(manager);
        Self(Arc::new(Shared {
            database: database.clone(),
            purpose,
            current: RwLock::new((Generation { pool, server }, draining)),
        }))
    }

    /// Replaces the credentials. Work that begins afterwards uses a pool with the new ones, whose connections are open
    /// already; running work ends with the old ones. Blocks for at most some seconds.
    ///
    /// # Errors
    ///
    /// With the new credentials not every connection can be opened. The old ones remain in use.
    pub fn replace(&self, login: &Login) -> Result<Draining, ConnectError> {
        let (database, purpose) = (&self.0.database, self.0.purpose);
        // The pool would retry until its timeout.
        drop(Manager::open(database, &database.name, login, purpose)?);
        let (manager, draining) = Manager::new(database, login, purpose);
        let server = manager.server();
        let pool = builder(database, purpose).build(manager);
        let pool = pool.map_err(|_| ConnectError::Refused)?;
        let new = (Generation { pool, server }, draining);
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        let (old, draining) = std::mem::replace(&mut *current, new);
        drop(current);
        old.server.close();
        Ok(draining)
    }

    fn current(&self) -> Generation {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        current.0.clone()
    }

    /// A connection of the current generation. One of the previous generation if it is replaced at this moment.
    fn connection(&self) -> Result<(PooledConnection<Manager>, Generation), DbError> {
        let mut generation = self.current();
        // Fail fast if the server is known to be unavailable and no connection is left.
        if generation.server.is_down() && generation.pool.state().idle_connections == 0 {
            return Err(DbError::Unavailable);
        }
        let deadline = Instant::now() + self.0.database.acquire_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match generation.pool.get_timeout(left.min(WAIT_FOR_REPLACEMENT)) {
                Ok(connection) => return Ok((connection, generation)),
                Err(_) if left > WAIT_FOR_REPLACEMENT => generation = self.current(),
                Err(_) => return Err(DbError::Unavailable),
            }
        }
    }

    /// Runs work that may be repeated: on a dead connection it is run again on another one.
    pub fn repeat<T>(
        &self,
        what: &'static str,
        mut work: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        let mut result = Err(DbError::Unavailable);
        for _ in 0..MAX_ATTEMPTS {
            result = self.once(what, &mut work);
            if result.as_ref().err() != Some(&DbError::Unavailable) {
                break;
            }
        }
        result
    }

    /// Runs work in one transaction. It is run again on another connection only if BEGIN failed, because then none of its
    /// statements was sent.
    pub fn transaction<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        let mut work = Some(work);
        let mut result = Err(DbError::Unavailable);
        for _ in 0..MAX_ATTEMPTS {
            result = self.once(what, |conn| {
                conn.transaction(|conn| {
                    work.take()
                        .map_or(Err(Error::AlreadyInTransaction), |work| work(conn))
                })
            });
            if work.is_none() || result.as_ref().err() != Some(&DbError::Unavailable) {
                break;
            }
        }
        result
    }

    /// Rejects further connection attempts and waits for the current one (at most 3 s): it would crash if the process
    /// exited and freed OpenSSL's state.
    pub fn close(&self) {
        self.current().server.close();
    }

    /// Runs work once.
    fn once<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        let (mut connection, generation) = self.connection()?;
        let started = Instant::now();
        let shortest_timeout = self.0.purpose.shortest_timeout();
        let result = work(&mut connection.pg)
            .map_err(|error| DbError::of(what, &error).after(started.elapsed(), shortest_timeout));
        if result.as_ref().err() == Some(&DbError::Unavailable) {
            generation.server.invalidate(connection.epoch);
        }
        result
    }
}

/// A pool that keeps all of its connections open.
fn builder(database: &DatabaseSettings, purpose: Purpose) -> Builder<Manager> {
    let connections = purpose.connections(database);
    Pool::builder()
        .max_size(connections)
        .min_idle(Some(connections))
        .connection_timeout(WARM_UP_TIMEOUT)
        .max_lifetime(Some(Duration::from_secs(1800)))
        .idle_timeout(None)
        .error_handler(Box::new(NopErrorHandler))
}
