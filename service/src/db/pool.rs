//! Connection pool of one login. Before use, a connection's socket is checked without a round trip; when a connection turns
//! out to be dead in use, all of its age are replaced.

use super::conninfo::{Purpose, conninfo};
use super::error::DbError;
use crate::config::database::{DatabaseSettings, Login};
use crate::secrets;
use diesel::connection::Connection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection};
use diesel::result::{ConnectionError, Error, QueryResult};
use secrecy::ExposeSecret;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// State of the server, shared by the connection manager and the pool.
#[derive(Debug, Default)]
pub struct ServerState {
    /// Incremented whenever a connection is found dead. Connections of earlier epochs are not used any more.
    epoch: AtomicU64,
    /// Whether the last connection attempt failed.
    down: AtomicBool,
    /// Whether the pool is closed. Locked for reading during a connection attempt.
    closed: RwLock<bool>,
}

impl ServerState {
    /// Whether the last connection attempt failed.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// A connection of this epoch is dead: invalidates all connections of the epoch.
    pub fn invalidate(&self, epoch: u64) {
        let _ = self
            .epoch
            .compare_exchange(epoch, epoch + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A connection and its epoch.
pub struct Connection {
    /// The connection.
    pub pg: PgConnection,
    /// The epoch in which it was opened.
    pub epoch: u64,
}

/// Opens connections of one login. Reads the password each time, so that rotated files take effect.
pub struct Manager {
    database: DatabaseSettings,
    login: Login,
    purpose: Purpose,
    server: Arc<ServerState>,
}

/// Why a connection cannot be opened. Omits libpq's text, which may quote the connection string.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The password cannot be read.
    #[error("the password of {0} cannot be read")]
    Password(&'static str),
    /// The server is unavailable or rejects the connection.
    #[error("cannot connect")]
    Refused,
    /// The connection is of an earlier epoch or was closed by the server, or the pool is closed.
    #[error("stale")]
    Stale,
}

impl Manager {
    /// A manager for one login, and the state that it shares.
    pub fn new(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> (Self, Arc<ServerState>) {
        let server = Arc::new(ServerState::default());
        let manager = Self {
            database: database.clone(),
            login: login.clone(),
            purpose,
            server: Arc::clone(&server),
        };
        (manager, server)
    }

    /// Opens a single connection.
    pub fn open(
        database: &DatabaseSettings,
        name: &str,
        login: &Login,
        purpose: Purpose,
    ) -> Result<PgConnection, ConnectError> {
        let missing = ConnectError::Password(login.password_key);
        let Some(source) = &login.password else {
            return Err(missing);
        };
        let password = secrets::read(source).map_err(|_| missing)?;
        let text = conninfo(database, name, login, &password, purpose);
        PgConnection::establish(text.expose_secret()).map_err(|error| {
            tracing::warn!(
                application = purpose.application_name(),
                reason = reason(&error),
                "cannot connect"
            );
            ConnectError::Refused
        })
    }
}

/// A fixed reason for the log: libpq's text may quote the connection string.
fn reason(error: &ConnectionError) -> &'static str {
    let text = error.to_string();
    let known = [
        ("Connection refused", "connection refused"),
        ("timeout expired", "timed out"),
        ("password authentication failed", "password refused"),
        ("certificate", "certificate refused"),
        ("does not support SSL", "server has no TLS"),
        ("does not exist", "no such database or role"),
        ("starting up", "server is starting"),
        ("shutting down", "server is shutting down"),
        ("session is read-only", "server is read-only"),
        ("too many", "too many connections"),
        ("translate host name", "host name unknown"),
    ];
    known
        .iter()
        .find(|(part, _)| text.contains(part))
        .map_or("other", |(_, reason)| reason)
}

impl Manager {
    fn is_current(&self, connection: &Connection) -> bool {
        connection.epoch == self.server.epoch.load(Ordering::Relaxed)
    }
}

/// Whether the server has closed an idle connection, for example because of `idle_session_timeout` or a restart. Reads what
/// waits in the socket, as libpq does for notifications, and waits for nothing. The first read may return the server's last
/// message, and then the second one the end of the stream.
fn is_closed(pg: &mut PgConnection) -> bool {
    (0..2).any(|_| pg.notifications_iter().any(|notification| notification.is_err()))
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = ConnectError;

    fn connect(&self) -> Result<Connection, ConnectError> {
        let closed = self.server.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(ConnectError::Stale);
        }
        let epoch = self.server.epoch.load(Ordering::Relaxed);
        let opened = Self::open(&self.database, &self.database.name, &self.login, self.purpose);
        let was_down = self.server.down.swap(opened.is_err(), Ordering::Relaxed);
        if was_down && opened.is_ok() {
            tracing::info!(application = self.purpose.application_name(), "reconnected");
        }
        Ok(Connection { pg: opened?, epoch })
    }

    /// Sends no test query: that would double the number of round trips.
    fn is_valid(&self, connection: &mut Connection) -> Result<(), ConnectError> {
        if self.is_current(connection) && !is_closed(&mut connection.pg) {
            Ok(())
        } else {
            Err(ConnectError::Stale)
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        std::thread::panicking() || connection.pg.is_broken() || !self.is_current(connection)
    }
}

/// Attempts of repeatable work: on the pooled connection, on a new one, and once more in case the server restarted in
/// between.
const MAX_ATTEMPTS: u32 = 3;

/// The connections of one login. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    pool: Pool<Manager>,
    server: Arc<ServerState>,
    shortest_timeout: Duration,
}

impl Connections {
    /// Opens the pool. Connections are opened in the background as soon as the server is available.
    pub fn open(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> Self {
        let (manager, server) = Manager::new(database, login, purpose);
        let connections = purpose.connections(database);
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(connections))
            .connection_timeout(database.acquire_timeout)
            .max_lifetime(Some(Duration::from_secs(1800)))
            .idle_timeout(None)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        Self {
            pool,
            server,
            shortest_timeout: purpose.shortest_timeout(),
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
        *self.server.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Runs work once.
    fn once<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        // Fail fast if the server is known to be unavailable and no connection is left.
        if self.server.is_down() && self.pool.state().idle_connections == 0 {
            return Err(DbError::Unavailable);
        }
        let mut connection = self.pool.get().map_err(|_| DbError::Unavailable)?;
        let started = Instant::now();
        let result = work(&mut connection.pg)
            .map_err(|error| DbError::of(what, &error).after(started.elapsed(), self.shortest_timeout));
        if result.as_ref().err() == Some(&DbError::Unavailable) {
            self.server.invalidate(connection.epoch);
        }
        result
    }
}
