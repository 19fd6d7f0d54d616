//! The connections of one purpose: a pool for each generation of credentials, so that credentials can be replaced while
//! requests are served.

/// A connection that is held for longer than one piece of work.
mod held_connection;

/// Opens connections.
mod manager;

/// Whether credentials have ended early.
mod suspicion;

/// Threads of pools.
mod threads;

use crate::config::database::{DatabaseSettings, Login};
use crate::db::conninfo::Purpose;
use crate::db::error::DbError;
use diesel::connection::Connection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{Builder, NopErrorHandler, Pool, PooledConnection};
use diesel::result::{Error, QueryResult};
pub use held_connection::HeldConnection;
pub use manager::{ConnectError, Draining, Manager};
use manager::{ServerState, is_role_gone};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use suspicion::Suspicion;
pub use threads::await_threads;

/// Attempts of repeatable work: on the pooled connection, on a new one, and once more in case the server restarted in
/// between.
const MAX_ATTEMPTS: u32 = 3;

/// How long a new pool may take to open its connections.
const WARM_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a thread waits for a connection of one pool before it looks whether the pool was replaced.
const WAIT_FOR_REPLACEMENT: Duration = Duration::from_millis(50);

/// How long [`Connections::close`] waits for connections that are being closed by another thread.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The pools of one generation of credentials.
#[derive(Clone)]
struct Generation {
    pool: Pool<Manager>,
    /// Of the connections for streams, if the purpose has some.
    streams: Option<Pool<Manager>>,
    login: Arc<Login>,
    server: Arc<ServerState>,
}

/// The connections of one purpose. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    shared: Arc<Shared>,
    /// Whether work runs on the connections for streams.
    for_streams: bool,
}

struct Shared {
    database: DatabaseSettings,
    purpose: Purpose,
    suspicion: Arc<Suspicion>,
    current: RwLock<Current>,
}

/// What is in use.
#[derive(Default)]
struct Current {
    /// `None`: no credentials were issued yet, or the connections are closed.
    generation: Option<(Generation, Draining)>,
    /// No further credentials are accepted.
    is_closed: bool,
}

impl Connections {
    /// Opens the pool. Connections are opened in the background as soon as the server is available.
    pub fn open(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> Self {
        let suspicion = Arc::default();
        let (manager, draining) = Manager::new(database, login, purpose, &suspicion);
        let streams = purpose.streams().map(|purpose| {
            let manager = manager.sibling(purpose);
            builder(database, purpose).build_unchecked(manager)
        });
        let generation = Generation {
            server: manager.server(),
            pool: builder(database, purpose).build_unchecked(manager),
            streams,
            login: Arc::new(login.clone()),
        };
        Self::with(database, purpose, suspicion, Some((generation, draining)))
    }

    /// Without credentials: all work fails until [`Self::replace`] brings some.
    pub fn without_credentials(database: &DatabaseSettings, purpose: Purpose) -> Self {
        let suspicion = Arc::<Suspicion>::default();
        suspicion.watch();
        Self::with(database, purpose, suspicion, None)
    }

    fn with(
        database: &DatabaseSettings,
        purpose: Purpose,
        suspicion: Arc<Suspicion>,
        generation: Option<(Generation, Draining)>,
    ) -> Self {
        let current = Current {
            generation,
            is_closed: false,
        };
        let shared = Shared {
            database: database.clone(),
            purpose,
            suspicion,
            current: RwLock::new(current),
        };
        Self {
            shared: Arc::new(shared),
            for_streams: false,
        }
    }

    /// The connections for streams, with the same credentials: they are held for longer, and must not be missing for other work.
    #[must_use]
    pub fn for_streams(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            for_streams: true,
        }
    }

    /// The purpose of these connections.
    pub fn purpose(&self) -> Purpose {
        let purpose = self.shared.purpose;
        purpose.streams().filter(|_| self.for_streams).unwrap_or(purpose)
    }

    /// Replaces the credentials. Work that begins afterwards uses a pool with the new ones, whose connections are open
    /// already; running work ends with the old ones. Blocks for at most some seconds. Returns the former pool, if there
    /// was one.
    ///
    /// # Errors
    ///
    /// With the new credentials not every connection can be opened, or they have other rights than the purpose needs. The
    /// old ones remain in use.
    pub fn replace(&self, login: &Login) -> Result<Option<Draining>, ConnectError> {
        let (database, purpose) = (&self.shared.database, self.shared.purpose);
        // The pool would retry until its timeout.
        Manager::check(database, login, purpose)?;
        let (manager, draining) = Manager::new(database, login, purpose, &self.shared.suspicion);
        let server = manager.server();
        let incomplete = |_| ConnectError::Refused("not every connection was opened in time");
        let streams = purpose.streams().map(|purpose| {
            let manager = manager.sibling(purpose);
            builder(database, purpose).build(manager).map_err(incomplete)
        });
        let streams = streams.transpose()?;
        let pool = builder(database, purpose).build(manager).map_err(incomplete)?;
        let login = Arc::new(login.clone());
        let new = Generation {
            pool,
            streams,
            login,
            server: Arc::clone(&server),
        };
        let mut current = self
            .shared
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if current.is_closed {
            drop(current);
            server.close();
            return Err(ConnectError::Stale);
        }
        let former = current.generation.replace((new, draining));
        drop(current);
        let former = former.map(|(generation, draining)| {
            generation.server.close();
            draining
        });
        self.shared.suspicion.dismiss();
        Ok(former)
    }

    /// Checks the current credentials with a new connection. Blocks for at most some seconds.
    pub fn check(&self) -> Result<(), ConnectError> {
        let login = self.current().map(|generation| generation.login);
        login.map_or(Err(ConnectError::Refused("no credentials")), |login| {
            Manager::check(&self.shared.database, &login, self.shared.purpose)
        })
    }

    /// Resolves when a connection could not be opened, or the role seems to be gone, since the last call.
    pub async fn suspected(&self) {
        self.shared.suspicion.reported().await;
    }

    /// The credentials are not the cause of what was suspected: requests fail at once until the server is available.
    pub fn dismiss_suspicion(&self) {
        self.shared.suspicion.dismiss();
    }

    fn current(&self) -> Option<Generation> {
        let current = self.shared.current.read().unwrap_or_else(PoisonError::into_inner);
        let current = current.generation.as_ref();
        current.map(|(generation, _)| generation.clone())
    }

    /// A connection of the current generation. One of the previous generation if it is replaced at this moment.
    fn connection(&self) -> Result<(PooledConnection<Manager>, Generation), DbError> {
        let mut generation = self.current().ok_or(DbError::Unavailable)?;
        // Fail fast if the server is known to be unavailable and no connection is left. If only the credentials have ended,
        // others follow within the acquire timeout.
        if generation.server.is_down()
            && self.pool(&generation).state().idle_connections == 0
            && !self.shared.suspicion.is_raised()
        {
            return Err(DbError::Unavailable);
        }
        let deadline = Instant::now() + self.shared.database.acquire_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pool(&generation).get_timeout(left.min(WAIT_FOR_REPLACEMENT)) {
                Ok(connection) => return Ok((connection, generation)),
                Err(_) if left > WAIT_FOR_REPLACEMENT => {
                    generation = self.current().ok_or(DbError::Unavailable)?;
                }
                Err(_) => return Err(DbError::Unavailable),
            }
        }
    }

    fn pool<'a>(&self, generation: &'a Generation) -> &'a Pool<Manager> {
        let streams = generation.streams.as_ref().filter(|_| self.for_streams);
        streams.unwrap_or(&generation.pool)
    }

    /// A connection for a longer time, without the repetitions of [`Self::repeat`].
    pub fn hold(&self) -> Result<HeldConnection, DbError> {
        let (connection, generation) = self.connection()?;
        Ok(HeldConnection::new(connection, generation.server))
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

    /// Rejects further connection attempts, waits for the current one (at most 3 s), and closes the connections: those in use
    /// within 3 s, or they are left to their threads. A thread that uses a connection would crash if the process exited and
    /// freed OpenSSL's state.
    pub fn close(&self) {
        let mut current = self
            .shared
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        current.is_closed = true;
        let generation = current.generation.take();
        drop(current);
        if let Some((generation, draining)) = generation {
            generation.server.close();
            drop(generation);
            draining.finished_within(CLOSE_TIMEOUT);
        }
    }

    /// Runs work once.
    fn once<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        let (mut connection, generation) = self.connection()?;
        let started = Instant::now();
        let shortest_timeout = self.purpose().shortest_timeout();
        let mut result = work(&mut connection.pg)
            .map_err(|error| DbError::of(what, &error).after(started.elapsed(), shortest_timeout));
        // A role that is dropped while it is connected loses all rights, and its connections remain.
        if result.as_ref().err() == Some(&DbError::Failed)
            && self.shared.suspicion.is_watched()
            && is_role_gone(&mut connection.pg)
        {
            self.shared.suspicion.raise();
            result = Err(DbError::Unavailable);
        }
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
        .thread_pool(threads::start())
        .error_handler(Box::new(NopErrorHandler))
}
