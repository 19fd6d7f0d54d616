//! The clients of Vault: logged in before anything needs them, closed last.

use super::error::StartError;
use crate::config::Settings;
use crate::config::database::LoginSource;
use crate::config::keys::KeySource;
use crate::config::vault::VaultSettings;
use crate::secrets::backoff::Backoff;
use crate::secrets::vault::{Vault, VaultError};
use crate::telemetry::metrics::Metrics;
use std::fmt::Display;
use std::time::Duration;

/// The first delay after a failed call, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// How long a stop waits until the token is revoked.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The clients of a service, each with an identity of its own. Cheap to clone.
#[derive(Clone)]
pub struct VaultClients {
    /// Of the service itself. `None`: neither its logins nor its keys come from Vault.
    pub own: Option<Vault>,
    /// Of the access broker, if requests for access are enabled.
    #[cfg(feature = "access")]
    pub broker: Option<Vault>,
}

impl VaultClients {
    /// Builds the clients, without network access.
    pub fn new(settings: &Settings, metrics: &Metrics) -> Result<Self, StartError> {
        let has_logins = matches!(settings.database.login_source, LoginSource::Vault(_));
        let has_keys = matches!(settings.auth.keys, KeySource::Vault { .. });
        let own = settings.vault.as_ref().filter(|_| has_logins || has_keys);
        let client = |settings: &VaultSettings, name| Vault::new(settings, name, metrics.clone());
        Ok(Self {
            own: own.map(|settings| client(settings, "service")).transpose()?,
            #[cfg(feature = "access")]
            broker: settings
                .access
                .as_ref()
                .map(|access| client(&access.vault, "broker"))
                .transpose()?,
        })
    }

    /// All clients.
    pub fn all(&self) -> impl Iterator<Item = Vault> {
        #[cfg(feature = "access")]
        let broker = self.broker.clone();
        #[cfg(not(feature = "access"))]
        let broker = None::<Vault>;
        self.own.clone().into_iter().chain(broker)
    }

    /// Logs the service in, and waits while Vault is unavailable.
    ///
    /// # Errors
    ///
    /// Vault refuses the login.
    pub async fn log_in(&self) -> Result<(), StartError> {
        if let Some(vault) = &self.own {
            while_unavailable(Some(vault), VaultError::is_retryable, async || {
                vault.log_in().await
            })
            .await?;
        }
        Ok(())
    }

    /// Logs the access broker in. Only an incident is an error: without Vault the service starts, and logins are issued later. An
    /// incident that shows then stops the service, see [`Vault::keep_token`].
    #[cfg(feature = "access")]
    pub async fn log_in_broker(&self) -> Result<(), StartError> {
        let Some(vault) = &self.broker else {
            return Ok(());
        };
        match vault.log_in().await {
            // Logged where it is noticed.
            Err(error) if error.is_incident() => Err(StartError::Vault(error)),
            Err(error) => {
                tracing::warn!(%error, "cannot log in to Vault as the access broker; it is tried again when a login is due");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Revokes the tokens. People's logins are under tokens of their own and stay.
    pub async fn close(self) {
        #[cfg(feature = "access")]
        tokio::join!(close(self.own), close(self.broker));
        #[cfg(not(feature = "access"))]
        close(self.own).await;
    }
}

/// Revokes the token. If that is not possible in time, it ends by itself.
pub async fn close(vault: Option<Vault>) {
    let client = vault.as_ref().map(Vault::name);
    if let Some(vault) = vault
        && tokio::time::timeout(CLOSE_TIMEOUT, vault.close()).await.is_err()
    {
        tracing::warn!(
            client,
            "the Vault token could not be revoked in time; it ends by itself"
        );
    }
}

/// Repeats a call while its error is a retryable one of Vault. The log has one line for each cause.
///
/// # Errors
///
/// Another error.
pub async fn while_unavailable<T, E: Display>(
    vault: Option<&Vault>,
    is_retryable: impl Fn(&E) -> bool,
    call: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut backoff = Backoff::new(RETRY_DELAYS.0, RETRY_DELAYS.1);
    let mut reported = None;
    loop {
        match call().await {
            Err(error) if is_retryable(&error) => {
                let error = error.to_string();
                if reported.as_ref() != Some(&error) {
                    tracing::warn!(
                        client = vault.map(Vault::name),
                        address = vault.map(Vault::address),
                        error,
                        "waiting for Vault"
                    );
                }
                reported = Some(error);
            }
            result => return result,
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}
