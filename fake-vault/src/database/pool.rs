//! Connections to PostgreSQL, opened when needed and reused, one pool per configured connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::database::connection::Connection;
use crate::database::error::SqlError;

const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

/// The pools by mount and connection name.
#[derive(Default)]
pub(crate) struct Pools {
    by_name: Mutex<HashMap<String, Arc<Pool>>>,
}

impl Pools {
    /// The pool of a connection; a changed configuration has a new one.
    pub(crate) fn get(&self, name: &str, connection: &Connection) -> Result<Arc<Pool>, SqlError> {
        let url = connection.url();
        let mut pools = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(name).filter(|pool| pool.url == url) {
            return Ok(Arc::clone(pool));
        }
        let pool = Arc::new(Pool::new(url, connection.max_connections())?);
        pools.insert(name.to_owned(), Arc::clone(&pool));
        Ok(pool)
    }
}

/// The connections of one login.
pub(crate) struct Pool {
    url: String,
    config: Config,
    /// As the driver names it in errors.
    label: String,
    address: String,
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
}

/// An open connection. The task that reads it ends with it.
struct Session {
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pool {
    fn new(url: String, max_connections: usize) -> Result<Pool, SqlError> {
        let config: Config = url
            .parse()
            .map_err(|error| SqlError::Connect(format!("cannot parse connection_url: {error}")))?;
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            _ => String::new(),
        };
        let address = format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432));
        let user = config.get_user().unwrap_or_default();
        let database = config.get_dbname().unwrap_or(user);
        let label = format!("`user={user} database={database}`: {address} ({host})");
        let permits = Semaphore::new(max_connections);
        Ok(Pool {
            url,
            label,
            address,
            idle: Mutex::default(),
            permits,
            config,
        })
    }

    /// Runs statements in one transaction.
    pub(crate) async fn run(&self, statements: &[String], timeout: Duration) -> Result<(), SqlError> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(SqlError::Cancelled);
        };
        let mut session = None;
        let attempt = self.attempt(statements, &mut session);
        let result = tokio::time::timeout(timeout, attempt).await;
        match result {
            Ok(Ok(())) => {
                if let Some(session) = session {
                    self.idle
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(session);
                }
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => {
                if let Some(session) = session {
                    let cancel = session.client.cancel_token();
                    // In the background: a PostgreSQL that hangs does not answer this either.
                    tokio::spawn(async move {
                        let _best_effort =
                            tokio::time::timeout(CANCEL_TIMEOUT, cancel.cancel_query(NoTls)).await;
                        drop(session);
                    });
                }
                Err(SqlError::Cancelled)
            }
        }
    }

    /// Connects and closes.
    pub(crate) async fn verify(&self, timeout: Duration) -> Result<(), SqlError> {
        let opened = tokio::time::timeout(timeout, self.connect()).await;
        opened.map_or(Err(SqlError::Cancelled), |session| session.map(drop))
    }

    async fn attempt(&self, statements: &[String], slot: &mut Option<Session>) -> Result<(), SqlError> {
        let pooled = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match pooled {
            // The server may have closed it since.
            Some(session) if session.client.batch_execute("BEGIN").await.is_ok() => session,
            _ => {
                let session = self.connect().await?;
                session
                    .client
                    .batch_execute("BEGIN")
                    .await
                    .map_err(|error| SqlError::statement(&error))?;
                session
            }
        };
        let session = slot.insert(session);
        for statement in statements {
            if let Err(error) = session.client.batch_execute(statement).await {
                let error = SqlError::statement(&error);
                // A session that cannot roll back is not reused.
                let rolled_back = session.client.batch_execute("ROLLBACK").await.is_ok();
                if let Some(session) = slot.take().filter(|_| rolled_back) {
                    self.idle
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(session);
                }
                return Err(error);
            }
        }
        session
            .client
            .batch_execute("COMMIT")
            .await
            .map_err(|error| SqlError::statement(&error))
    }

    async fn connect(&self) -> Result<Session, SqlError> {
        let connected = self.config.connect(NoTls).await;
        let (client, connection) =
            connected.map_err(|error| SqlError::connect(&self.label, &self.address, &error))?;
        let task = tokio::spawn(async move {
            // The client of a broken connection reports it.
            let _end = connection.await;
        });
        Ok(Session { client, task })
    }
}
