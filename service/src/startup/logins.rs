//! The database logins of a running service, each with its own connections.

use super::error::StartError;
use crate::config::Settings;
use crate::config::auth::DemoMode;
use crate::config::database::Login;
use crate::db::Db;
use crate::db::conninfo::{Purpose, WriteTarget};
use crate::telemetry::metrics::Metrics;

/// One executor per login. Cheap to clone.
#[derive(Clone)]
pub struct Logins {
    /// Of the public read path: may read rates only.
    pub rates: Db,
    /// Of accounts, sessions, audit events and new mails.
    pub accounts: Db,
    /// Of wishes.
    pub wishes: Db,
    /// Of the demo's entries, if the demo is enabled.
    pub demo: Option<Db>,
}

impl Logins {
    /// Starts the executors. Works without a server: they connect later.
    pub fn start(settings: &Settings, metrics: &Metrics) -> Result<Self, StartError> {
        let database = &settings.database;
        let start = |login: &Login, purpose| {
            Db::start(database, login, purpose, metrics.clone()).map_err(StartError::Threads)
        };
        let read = Purpose::Read {
            statement_timeout: database.statement_timeout,
        };
        let demo = (settings.auth.demo != DemoMode::Off)
            .then(|| start(&database.demo, Purpose::Change(WriteTarget::Demo)))
            .transpose()?;
        Ok(Self {
            rates: start(&database.rates, read)?,
            accounts: start(&database.accounts, Purpose::Change(WriteTarget::Accounts))?,
            wishes: start(&database.wishes, Purpose::Change(WriteTarget::Wishes))?,
            demo,
        })
    }

    /// Closes all executors concurrently.
    pub async fn close(self) {
        let all = [
            Some(self.rates),
            Some(self.accounts),
            Some(self.wishes),
            self.demo,
        ];
        let closing = all
            .into_iter()
            .flatten()
            .map(|db| tokio::task::spawn_blocking(move || db.close()));
        futures_util::future::join_all(closing).await;
    }
}
