//! The broker of people's database logins: its client of Vault, and the worker that issues, rotates and revokes.

use super::error::StartError;
use super::keys::Keys;
use super::logins::Logins;
use crate::config::Settings;
use crate::domain::access::{Access, Parts};
use crate::secrets::vault::Vault;
use crate::telemetry::metrics::Metrics;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::Notify;

/// How often the worker looks for logins that are due, besides when a decision wakes it.
const INTERVAL: Duration = Duration::from_secs(2);

/// The broker.
#[derive(Clone)]
pub struct AccessBroker {
    access: Access,
    vault: Vault,
}

impl AccessBroker {
    /// Builds the broker, without network access. `None`: requests for access are disabled.
    pub fn new(
        settings: &Settings,
        logins: &Logins,
        keys: &Keys,
        metrics: &Metrics,
    ) -> Result<Option<Self>, StartError> {
        let Some(settings) = &settings.access else {
            return Ok(None);
        };
        let vault = Vault::new(&settings.vault, metrics.clone()).map_err(StartError::Vault)?;
        let access = Access::new(Parts {
            db: logins.accounts.clone(),
            data_keys: keys.data.clone(),
            vault: vault.clone(),
            token_role: settings.token_role.clone(),
            metrics: metrics.clone(),
            work: Notify::new(),
        });
        Ok(Some(Self { access, vault }))
    }

    /// The operations.
    pub fn access(&self) -> Access {
        self.access.clone()
    }

    /// Logs in to Vault. Only an incident is an error: without Vault the service starts, and logins are issued later.
    pub async fn log_in(&self) -> Result<(), StartError> {
        match self.vault.log_in().await {
            // Logged where it is noticed.
            Err(error) if error.is_incident() => Err(StartError::Vault(error)),
            Err(error) => {
                tracing::warn!(%error, "cannot log in to Vault as the access broker; it is tried again when a login is due");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Works until it is aborted.
    pub async fn run(self) -> Infallible {
        let token = tokio::spawn({
            let vault = self.vault.clone();
            async move { vault.keep_token().await }
        });
        let _stop = AbortOnDrop(token);
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.access.wait_for_work() => {}
            }
            // The database's errors are logged where they occur.
            let _ = self.access.work().await;
        }
    }

    /// Revokes the broker's token. People's logins are under tokens of their own and stay.
    pub async fn close(&self) {
        self.vault.close().await;
    }
}

/// Aborts a task when it is dropped.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
