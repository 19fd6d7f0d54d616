//! The database logins of a running service, each with its own connections.

use super::error::StartError;
use super::secret_reload::SecretReload;
use crate::config::Settings;
use crate::config::auth::DemoMode;
use crate::config::database::{CredentialsSource, Login};
use crate::config::secret::SecretSource;
use crate::db::Db;
use crate::db::conninfo::{Purpose, WriteTarget};
use crate::secrets::credentials::{self, Credentials};
use crate::secrets::document::{DocumentStore, Revision};
use crate::telemetry::metrics::Metrics;
use std::sync::Arc;

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
    /// Starts the executors. Works without a server: they connect later. Also returns what reloads issued credentials.
    pub fn start(settings: &Settings, metrics: &Metrics) -> Result<(Self, Vec<SecretReload>), StartError> {
        let database = &settings.database;
        let mut reloads = Vec::new();
        let mut start = |login: &Login, purpose: Purpose| {
            let start = |login: &Login| {
                Db::start(database, login, purpose, metrics.clone()).map_err(StartError::Threads)
            };
            let CredentialsSource::File(file) = &login.source else {
                return start(login);
            };
            let (text, issued) = credentials::issued(file)?;
            let db = start(&login.with(issued))?;
            let (used, login) = (db.clone(), login.clone());
            let name = format!("credentials of {}", purpose.application_name());
            let replace = move |text: &str| {
                let issued = Credentials::parse(text)?;
                // The program that issued the former credentials ends them.
                let replaced = used.replace(&login.with(issued)).map(drop);
                replaced.map(|()| 1).map_err(|error| error.to_string())
            };
            if let SecretSource::File(path) = file {
                let store = DocumentStore::File(path.clone());
                let loaded = Revision::unnumbered(text);
                reloads.push(SecretReload::new(name, store, loaded, Arc::new(replace)));
            }
            Ok(db)
        };
        let read = Purpose::Read {
            statement_timeout: database.statement_timeout,
        };
        let demo = (settings.auth.demo != DemoMode::Off)
            .then(|| start(&database.demo, Purpose::Change(WriteTarget::Demo)))
            .transpose()?;
        let logins = Self {
            rates: start(&database.rates, read)?,
            accounts: start(&database.accounts, Purpose::Change(WriteTarget::Accounts))?,
            wishes: start(&database.wishes, Purpose::Change(WriteTarget::Wishes))?,
            demo,
        };
        Ok((logins, reloads))
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
