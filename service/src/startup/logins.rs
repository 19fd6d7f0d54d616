//! The database logins of a running service, each with its own connections.

use super::error::StartError;
use super::login_rotation::{LoginRotations, RotationContext};
use super::secret_reload::{Replace, SecretReload};
use crate::config::Settings;
use crate::config::auth::DemoMode;
use crate::config::database::{CredentialsSource, Login};
use crate::config::secret::SecretSource;
use crate::db::Db;
use crate::db::conninfo::{Purpose, WriteTarget};
use crate::db::pool::Connections;
use crate::secrets::credentials::{self, Credentials};
use crate::secrets::document::{DocumentStore, Revision};
use crate::telemetry::metrics::Metrics;
use std::sync::Arc;

/// One executor per login. Cheap to clone.
#[derive(Clone)]
pub struct Logins {
    /// Of the public read path: may read rates only.
    pub rates: Db,
    /// Of the same login: one connection is held by what reads the version of the data.
    pub version: Connections,
    /// Of the public read path too, for responses that are streamed.
    pub streams: Db,
    /// Of accounts, sessions, audit events and new mails.
    pub accounts: Db,
    /// Of wishes.
    pub wishes: Db,
    /// Of the demo's entries, if the demo is enabled.
    pub demo: Option<Db>,
    /// Of uploads, if they are enabled: of their requests, and of the worker, which shares the connections.
    pub ingest: Option<(Db, Connections)>,
    /// Of the mail worker, which is the only user of its connection.
    pub mail: Connections,
}

/// What replaces the credentials of the logins while the service runs.
#[derive(Default)]
pub struct Replacements {
    /// Credentials from files.
    pub reloads: Vec<SecretReload>,
    /// Credentials that are issued.
    pub rotations: LoginRotations,
}

impl Logins {
    /// Starts the executors. Works without a server: they connect later. `issued`: how credentials are issued, if they are.
    pub fn start(
        settings: &Settings,
        issued: Option<&RotationContext>,
        metrics: &Metrics,
    ) -> Result<(Self, Replacements), StartError> {
        let database = &settings.database;
        let mut replacements = Replacements::default();
        let mut connect = |login: &Login, purpose: Purpose| {
            let connections = match (&login.source, issued) {
                (CredentialsSource::Issued, Some(context)) => {
                    let connections = Connections::without_credentials(database, purpose);
                    let (context, login) = (context.clone(), login.clone());
                    replacements.rotations.add(context, login, connections.clone());
                    connections
                }
                (CredentialsSource::File(file), _) => {
                    let (text, issued) = credentials::issued(file)?;
                    let connections = Connections::open(database, &login.with(issued), purpose);
                    if let SecretSource::File(path) = file {
                        let store = DocumentStore::File(path.clone());
                        let loaded = Revision::unnumbered(text);
                        let replace = replace(login.clone(), connections.clone());
                        let reload = SecretReload::new(name(purpose), store, loaded, replace);
                        replacements.reloads.push(reload);
                    }
                    connections
                }
                (CredentialsSource::Password(_) | CredentialsSource::Issued, _) => {
                    Connections::open(database, login, purpose)
                }
            };
            Ok::<_, StartError>(connections)
        };
        let read = Purpose::Read {
            statement_timeout: database.statement_timeout,
        };
        let rates = connect(&database.rates, read)?;
        let accounts = connect(&database.accounts, Purpose::Change(WriteTarget::Accounts))?;
        let wishes = connect(&database.wishes, Purpose::Change(WriteTarget::Wishes))?;
        let demo = (settings.auth.demo != DemoMode::Off)
            .then(|| connect(&database.demo, Purpose::Change(WriteTarget::Demo)))
            .transpose()?;
        let mail = connect(&database.mail, Purpose::Mail)?;
        let ingest = (settings.server.uploads)
            .then(|| connect(&database.ingest, Purpose::Ingest))
            .transpose()?;
        let start =
            |connections| Db::over(database, connections, metrics.clone()).map_err(StartError::Threads);
        let logins = Self {
            streams: start(rates.for_streams())?,
            version: rates.clone(),
            rates: start(rates)?,
            accounts: start(accounts)?,
            wishes: start(wishes)?,
            demo: demo.map(start).transpose()?,
            ingest: ingest
                .map(|connections| Ok::<_, StartError>((start(connections.clone())?, connections)))
                .transpose()?,
            mail,
        };
        Ok((logins, replacements))
    }

    /// Closes all connections concurrently.
    pub async fn close(self) {
        let all = [
            Some(self.rates),
            Some(self.streams),
            Some(self.accounts),
            Some(self.wishes),
            self.demo,
            self.ingest.map(|(db, _)| db),
        ];
        let closing = all
            .into_iter()
            .flatten()
            .map(|db| tokio::task::spawn_blocking(move || db.close()));
        let mail = tokio::task::spawn_blocking(move || self.mail.close());
        let _ = tokio::join!(futures_util::future::join_all(closing), mail);
    }
}

fn name(purpose: Purpose) -> String {
    format!("credentials of {}", purpose.application_name())
}

/// Replaces the credentials of connections by those of a text.
fn replace(login: Login, connections: Connections) -> Replace {
    Arc::new(move |revision| {
        let issued = Credentials::parse(revision.text())?;
        let replaced = connections.replace(&login.with(issued));
        // The program that issued the former credentials ends them.
        if let Some(draining) = replaced.map_err(|error| error.to_string())? {
            let name = name(connections.purpose());
            tokio::spawn(async move {
                draining.finished().await;
                tracing::info!("the former {name} are not used any more");
            });
        }
        Ok(1)
    })
}
