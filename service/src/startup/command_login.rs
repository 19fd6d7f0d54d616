//! The login of a command: issued when the command begins, and revoked when it ends.

use super::error::StartError;
use super::vault;
use crate::config::Settings;
use crate::config::database::{CredentialsSource, DatabaseSettings, Login};
use crate::secrets::backoff::Backoff;
use crate::secrets::logins::{IssueError, Issuer, Validity};
use crate::secrets::vault::{Lease, Vault};
use crate::telemetry::metrics::Metrics;
use std::time::Duration;

/// The first delay after a failed renewal, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Runs a command with settings whose `login` has credentials. `login` selects it. The command gets the client that issued
/// them, if there is one, because a wrapped SecretID serves one client only. An interrupted command leaves its login to the
/// lease, which ends it.
///
/// # Errors
///
/// No credentials can be issued.
pub fn with_login<T>(
    settings: &Settings,
    login: impl FnOnce(&mut DatabaseSettings) -> &mut Login,
    metrics: &Metrics,
    command: impl FnOnce(&Settings, Option<&Vault>) -> T,
) -> Result<T, StartError> {
    let mut settings = settings.clone();
    let source = settings.database.login_source.clone();
    let login = login(&mut settings.database);
    if !matches!(login.source, CredentialsSource::Issued) {
        return Ok(command(&settings, None));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(StartError::Threads)?;
    let client = settings.vault.as_ref();
    let vault = client
        .map(|vault| Vault::new(vault, "command", metrics.clone()))
        .transpose()?;
    let Some(issuer) = Issuer::new(&source, vault.as_ref())? else {
        return Ok(command(&settings, vault.as_ref()));
    };
    let issued = match runtime.block_on(issuer.issue(login)) {
        Ok(issued) => issued,
        Err(error) => {
            // The login to Vault may have succeeded.
            runtime.block_on(vault::close(vault));
            return Err(error.into());
        }
    };
    *login = login.with(issued.credentials);
    let token = vault
        .clone()
        .map(|vault| runtime.spawn(async move { vault.keep_token().await }));
    let renewal = match &issued.validity {
        Validity::Lease(lease) => Some(runtime.spawn(renew(issuer.clone(), lease.clone()))),
        Validity::Password { .. } | Validity::Token { .. } => None,
    };
    let outcome = command(&settings, vault.as_ref());
    runtime.block_on(async {
        if let Some(renewal) = renewal {
            renewal.abort();
        }
        if let Validity::Lease(lease) = &issued.validity
            && let Err(error) = issuer.revoke(lease).await
        {
            report(&error);
        }
        if let Some(token) = token {
            token.abort();
        }
        vault::close(vault).await;
    });
    Ok(outcome)
}

fn report(error: &IssueError) {
    tracing::warn!(%error, "the login of this command cannot be revoked; it ends with its lease");
}

/// Extends the lease as long as its maximum permits.
async fn renew(issuer: Issuer, mut lease: Lease) {
    let mut backoff = Backoff::new(RETRY_DELAYS.0, RETRY_DELAYS.1);
    while lease.is_renewable() && !lease.is_cut() && !lease.remaining().is_zero() {
        tokio::time::sleep_until(lease.renew_at().into()).await;
        match issuer.renew(&mut lease).await {
            Ok(()) => backoff.reset(),
            Err(error) => {
                tracing::warn!(%error, "the login of this command cannot be extended");
                tokio::time::sleep(backoff.next_delay()).await;
            }
        }
    }
}
