//! Opens the connections of one login. Before use, a connection's socket is checked without a round trip; when a connection
//! turns out to be dead in use, all of its age are replaced.

use super::suspicion::Suspicion;
use crate::config::database::{DatabaseSettings, Login};
use crate::db::conninfo::{Purpose, conninfo};
use diesel::connection::Connection as _;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::result::ConnectionError;
use diesel::sql_types::{Bool, Text};
use secrecy::ExposeSecret;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// State of the server, shared by the connection manager and the pool.
#[derive(Debug, Default)]
pub struct ServerState {
    /// Incremented whenever a connection is found dead. Connections of earlier epochs are not used any more.
    epoch: AtomicU64,
    /// Whether the last connection attempt failed.
    down: AtomicBool,
    /// The reason of the last failed attempt, so that each is logged once.
    reported: Mutex<Option<&'static str>>,
    /// Whether another pool is in use.
    retired: AtomicBool,
    /// Whether the pool is closed. Locked for reading during a connection attempt.
    closed: RwLock<bool>,
}

impl ServerState {
    /// Whether the last connection attempt failed.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Whether the pool was closed: connections of it should be given back.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// Records the reason of a failed attempt, or a success. Returns whether it is another reason than that of the one before.
    fn is_new(&self, reason: Option<&'static str>) -> bool {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *reported, reason) != reason
    }

    /// Rejects further connection attempts and waits for the current one.
    pub fn close(&self) {
        self.retired.store(true, Ordering::Relaxed);
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
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
    /// Dropped after the connection is closed.
    _in_use: Arc<InUse>,
}

/// Held by a pool and each of its connections.
type InUse = oneshot::Sender<()>;

/// A pool that was replaced, and whose last connections are in use.
#[must_use = "its credentials may be revoked only after the last connection is closed"]
pub struct Draining(oneshot::Receiver<()>);

impl Draining {
    /// Waits until every connection is closed.
    pub async fn finished(self) {
        let _the_sender_is_dropped = self.0.await;
    }

    /// The same for a thread that may block, and no longer than `timeout`.
    pub fn finished_within(mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        while self.0.try_recv() == Err(TryRecvError::Empty) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Opens connections of one login. Reads the password each time, so that rotated files take effect.
pub struct Manager {
    database: DatabaseSettings,
    login: Login,
    purpose: Purpose,
    server: Arc<ServerState>,
    in_use: Arc<InUse>,
    suspicion: Arc<Suspicion>,
}

/// Why a connection cannot be opened. Omits libpq's text, which may quote the connection string.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials cannot be read.
    #[error("the credentials for {0} cannot be read")]
    Credentials(&'static str),
    /// The server is unavailable or rejects the connection.
    #[error("cannot connect: {0}")]
    Refused(&'static str),
    /// The server rejects the login.
    #[error("cannot connect: {0}")]
    LoginRefused(&'static str),
    /// The login has other rights than its purpose needs.
    #[error("the login must be a member of {0} and have no other rights")]
    WrongGroup(&'static str),
    /// The connection is of an earlier epoch or was closed by the server, or the pool is closed.
    #[error("stale")]
    Stale,
}

impl ConnectError {
    /// Why no connection was opened.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused(reason) | Self::LoginRefused(reason) => Some(reason),
            Self::Credentials(_) => Some("the credentials cannot be read"),
            Self::WrongGroup(_) | Self::Stale => None,
        }
    }
}

impl Manager {
    /// A manager for one login, and what becomes of its connections.
    pub fn new(
        database: &DatabaseSettings,
        login: &Login,
        purpose: Purpose,
        suspicion: &Arc<Suspicion>,
    ) -> (Self, Draining) {
        let (in_use, all_closed) = oneshot::channel();
        let manager = Self {
            database: database.clone(),
            login: login.clone(),
            purpose,
            server: Arc::default(),
            in_use: Arc::new(in_use),
            suspicion: Arc::clone(suspicion),
        };
        (manager, Draining(all_closed))
    }

    /// A manager of other connections with the same credentials, which are replaced together.
    pub fn sibling(&self, purpose: Purpose) -> Self {
        Self {
            database: self.database.clone(),
            login: self.login.clone(),
            purpose,
            server: Arc::clone(&self.server),
            in_use: Arc::clone(&self.in_use),
            suspicion: Arc::clone(&self.suspicion),
        }
    }

    /// The state of the server, as this manager sees it.
    pub fn server(&self) -> Arc<ServerState> {
        Arc::clone(&self.server)
    }

    /// Opens a single connection. The caller reports the error: some attempts are repeated for hours.
    pub fn open(
        database: &DatabaseSettings,
        name: &str,
        login: &Login,
        purpose: Purpose,
    ) -> Result<PgConnection, ConnectError> {
        let credentials = login
            .credentials()
            .map_err(|_| ConnectError::Credentials(login.password_key))?;
        let text = conninfo(database, name, login, &credentials, purpose);
        PgConnection::establish(text.expose_secret()).map_err(|error| {
            let reason = reason(&error);
            if LOGIN_REFUSED.contains(&reason) {
                ConnectError::LoginRefused(reason)
            } else {
                ConnectError::Refused(reason)
            }
        })
    }

    /// Opens a connection and closes it, to check that the login exists and has the rights of its purpose alone.
    pub fn check(database: &DatabaseSettings, login: &Login, purpose: Purpose) -> Result<(), ConnectError> {
        let mut pg = Self::open(database, &database.name, login, purpose)?;
        let Some(group) = purpose.group() else {
            return Ok(());
        };
        // USAGE: the rights without SET ROLE. A superuser is a member of every role.
        let statement = "SELECT pg_catalog.pg_has_role(session_user, $1, 'USAGE') AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_roles g
                WHERE g.rolname LIKE 'portcullis\\_%' AND NOT g.rolcanlogin AND g.rolname <> $1
                  AND pg_catalog.pg_has_role(session_user, g.oid, 'MEMBER')) AS is_member";
        let checked = diesel::sql_query(statement)
            .bind::<Text, _>(group)
            .get_result::<Membership>(&mut pg);
        match checked {
            Ok(Membership { is_member: true }) => Ok(()),
            Ok(_) => Err(ConnectError::WrongGroup(group)),
            Err(_) if is_role_gone(&mut pg) => Err(ConnectError::LoginRefused("the role is gone")),
            Err(_) => Err(ConnectError::Refused("the rights cannot be read")),
        }
    }
}

#[derive(QueryableByName)]
struct Membership {
    #[diesel(sql_type = Bool)]
    is_member: bool,
}

/// Whether the role of an open connection was dropped. `SELECT 1` would succeed.
pub fn is_role_gone(pg: &mut PgConnection) -> bool {
    diesel::sql_query("SELECT session_user").execute(pg).is_err()
}

/// The reasons of [`reason`] that concern the credentials, and not the server.
const LOGIN_REFUSED: [&str; 2] = ["password refused", "login disabled"];

/// A fixed reason for the log: libpq's text may quote the connection string.
fn reason(error: &ConnectionError) -> &'static str {
    let text = error.to_string();
    let known = [
        ("Connection refused", "connection refused"),
        ("timeout expired", "timed out"),
        ("password authentication failed", "password refused"),
        ("is not permitted to log in", "login disabled"),
        ("root certificate file", "DATABASE_CA_FILE cannot be read"),
        ("certificate", "certificate refused"),
        ("does not support SSL", "server has no TLS"),
        // A signature of another authority with the same name, for example.
        ("SSL error", "TLS failed"),
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
        let reason = opened.as_ref().err().and_then(ConnectError::reason);
        if self.server.is_new(reason)
            && let Some(reason) = reason
        {
            tracing::warn!(
                application = self.purpose.application_name(),
                reason,
                "cannot connect"
            );
        }
        match &opened {
            Ok(_) if was_down => {
                tracing::info!(application = self.purpose.application_name(), "reconnected");
            }
            Ok(_) => {}
            Err(_) if was_down => self.suspicion.repeat(),
            Err(_) => self.suspicion.raise(),
        }
        Ok(Connection {
            pg: opened?,
            epoch,
            _in_use: Arc::clone(&self.in_use),
        })
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
