//! Connects to Vault before anything needs it.

use super::error::StartError;
use crate::config::Settings;
use crate::config::database::LoginSource;
use crate::config::keys::KeySource;
use crate::secrets::backoff::Backoff;
use crate::secrets::vault::{Vault, VaultError};
use crate::telemetry::metrics::Metrics;
use std::fmt::Display;
use std::time::Duration;

/// The first delay after a failed call, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// How long a stop waits until the token is revoked.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Logs in to Vault, and waits while it is unavailable. `None`: nothing of the service itself comes from Vault. The access
/// broker has a client of its own.
///
/// # Errors
///
/// Vault refuses the login.
pub async fn connect(settings: &Settings, metrics: &Metrics) -> Result<Option<Vault>, StartError> {
    let has_logins = matches!(settings.database.login_source, LoginSource::Vault(_));
    let has_keys = matches!(settings.auth.keys, KeySource::Vault { .. });
    let Some(settings) = settings.vault.as_ref().filter(|_| has_logins || has_keys) else {
        return Ok(None);
    };
    let vault = Vault::new(settings, metrics.clone())?;
    while_unavailable(Some(&vault), VaultError::is_retryable, async || {
        vault.log_in().await
    })
    .await?;
    Ok(Some(vault))
}

/// Revokes the token. If that is not possible in time, it ends by itself.
pub async fn close(vault: Option<Vault>) {
    if let Some(vault) = vault
        && tokio::time::timeout(CLOSE_TIMEOUT, vault.close()).await.is_err()
    {
        tracing::warn!("the Vault token could not be revoked in time; it ends by itself");
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
                    tracing::warn!(address = vault.map(Vault::address), error, "waiting for Vault");
                }
                reported = Some(error);
            }
            result => return result,
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}
