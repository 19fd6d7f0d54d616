//! A pool whose connections notice that the server went away without asking it before each use.
use super::conninfo::{Purpose, conninfo};
use super::error::DbError;
use crate::config::database::{DatabaseSettings, Login};
use crate::secrets;
use diesel::connection::Connection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection};
use diesel::result::{ConnectionError, QueryResult};
use secrecy::ExposeSecret;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What manager and door know together about the server.
#[derive(Debug, Default)]
pub struct Link {
    /// Counts the times that a connection was found dead: older connections are not handed out again.
    epoch: AtomicU64,
    /// Whether the last try to connect failed.
    down: AtomicBool,
    /// Whether no more connections are to be made. Held for reading while one is made.
    closed: RwLock<bool>,
}

impl Link {
    /// Whether the last try to connect failed.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// A connection of this epoch was found dead: all of its age are.
    pub fn lost(&self, epoch: u64) {
        let _ = self
            .epoch
            .compare_exchange(epoch, epoch + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A connection and its age.
pub struct Connection {
    /// libpq's connection.
    pub pg: PgConnection,
    /// The epoch it was made in.
    pub epoch: u64,
}

/// Opens connections of one login. The password is read at each of them, so that a rotated file is seen.
pub struct Manager {
    database: DatabaseSettings,
    login: Login,
    purpose: Purpose,
    link: Arc<Link>,
}

/// Why there is no connection. libpq's text is dropped on purpose: it can hold what it was given.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The password cannot be read.
    #[error("the password of {0} cannot be read")]
    Password(&'static str),
    /// The server is away or refuses.
    #[error("cannot connect")]
    Refused,
    /// The connection is older than the last loss.
    #[error("stale")]
    Stale,
}

impl Manager {
    /// A manager for one login, and what it knows about the server.
    pub fn new(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> (Self, Arc<Link>) {
        let link = Arc::new(Link::default());
        let manager = Self {
            database: database.clone(),
            login: login.clone(),
            purpose,
            link: Arc::clone(&link),
        };
        (manager, link)
    }

    /// One connection of this login, made now.
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

/// A word for the log that cannot hold a password: libpq's own text may quote what it was given.
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
        ("shutting down", "server is stopping"),
        ("too many", "too many connections"),
        ("translate host name", "host name unknown"),
    ];
    known
        .iter()
        .find(|(part, _)| text.contains(part))
        .map_or("other", |(_, word)| word)
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = ConnectError;

    fn connect(&self) -> Result<Connection, ConnectError> {
        let closed = self.link.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(ConnectError::Stale);
        }
        let epoch = self.link.epoch.load(Ordering::Relaxed);
        let opened = Self::open(&self.database, &self.database.name, &self.login, self.purpose);
        let was_down = self.link.down.swap(opened.is_err(), Ordering::Relaxed);
        if was_down && opened.is_ok() {
            tracing::info!(application = self.purpose.application_name(), "connected again");
        }
        Ok(Connection { pg: opened?, epoch })
    }

    /// Costs no round trip: a test query before each use would double the statements.
    fn is_valid(&self, connection: &mut Connection) -> Result<(), ConnectError> {
        match connection.epoch == self.link.epoch.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(ConnectError::Stale),
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        std::thread::panicking() || connection.pg.is_broken() || self.is_valid(connection).is_err()
    }
}

/// How often repeatable work is tried when its connection turns out dead: once on the old one, once on a fresh one, and
/// once more for a server that stopped in between.
const TRIES: u32 = 3;

/// A login's connections, and what became of the server. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    pool: Pool<Manager>,
    link: Arc<Link>,
}

impl Connections {
    /// Comes up without a server, and fills itself when there is one.
    pub fn open(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> Self {
        let (manager, link) = Manager::new(database, login, purpose);
        let connections = purpose.connections(database);
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(connections))
            .connection_timeout(database.acquire_timeout)
            .max_lifetime(Some(Duration::from_secs(1800)))
            .idle_timeout(None)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        Self { pool, link }
    }

    /// Runs work that may be run again: it is, on a fresh connection, when the old one proves dead.
    pub fn repeat<T>(
        &self,
        what: &'static str,
        mut work: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        let mut result = Err(DbError::Unavailable);
        for _ in 0..TRIES {
            result = self.once(what, &mut work);
            if result.as_ref().err() != Some(&DbError::Unavailable) {
                break;
            }
        }
        result
    }

    /// Makes no more connections, and waits for those that are being made (their time limit is 3 s): a process that ends
    /// meanwhile takes OpenSSL's state from under them.
    pub fn close(&self) {
        *self.link.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Runs work once.
    pub fn once<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        // At once, when the server is known to be away and no connection is left from better days.
        if self.link.is_down() && self.pool.state().idle_connections == 0 {
            return Err(DbError::Unavailable);
        }
        let mut connection = self.pool.get().map_err(|_| DbError::Unavailable)?;
        let result = work(&mut connection.pg).map_err(|error| DbError::of(what, &error));
        if result.as_ref().err() == Some(&DbError::Unavailable) {
            self.link.lost(connection.epoch);
        }
        result
    }
}
