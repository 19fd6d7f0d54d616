//! The database logins of a running service, each with connections of its own.
use super::error::StartError;
use crate::config::Settings;
use crate::config::auth::DemoMode;
use crate::config::database::Login;
use crate::db::Db;
use crate::db::conninfo::{Changing, Purpose};
use crate::telemetry::metrics::Metrics;

/// One door a login. Cheap to clone.
#[derive(Clone)]
pub struct Logins {
    /// The public read path: sees rates and nothing else.
    pub rates: Db,
    /// Accounts, sessions, audit events, new mails.
    pub accounts: Db,
    /// Wishes.
    pub wishes: Db,
    /// The demo's entries, where there is a demo.
    pub demo: Option<Db>,
}

impl Logins {
    /// Works without a server, like each of them.
    pub fn start(settings: &Settings, metrics: &Metrics) -> Result<Self, StartError> {
        let database = &settings.database;
        let start = |login: &Login, purpose| {
            Db::start(database, login, purpose, metrics.clone()).map_err(StartError::Threads)
        };
        let read = Purpose::Read {
            statement_timeout: database.statement_timeout,
        };
        let demo = (settings.auth.demo != DemoMode::Off)
            .then(|| start(&database.demo, Purpose::Change(Changing::Demo)))
            .transpose()?;
        Ok(Self {
            rates: start(&database.rates, read)?,
            accounts: start(&database.accounts, Purpose::Change(Changing::Accounts))?,
            wishes: start(&database.wishes, Purpose::Change(Changing::Wishes))?,
            demo,
        })
    }

    /// Ends all database work, for good, side by side.
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
