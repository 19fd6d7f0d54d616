//! Sends calls with a token, and counts them by their outcome.

use super::error::VaultError;
use super::http_client::{ApiClient, ClientFactory};
use crate::config::vault::VaultSettings;
use crate::telemetry::metrics::Metrics;
use secrecy::SecretString;
use std::time::Instant;

/// The connection to the server.
pub(super) struct Connection {
    /// The name of the Vault client, in metrics and in the log.
    pub(super) name: &'static str,
    clients: ClientFactory,
    metrics: Metrics,
}

impl Connection {
    /// The connection of the Vault client of this name, without network access.
    pub(super) fn new(
        settings: &VaultSettings,
        name: &'static str,
        metrics: Metrics,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            name,
            clients: ClientFactory::new(settings)?,
            metrics,
        })
    }

    /// A client that sends this token, if any.
    pub(super) fn client(&self, token: Option<&SecretString>) -> ApiClient {
        self.clients.client(token)
    }

    /// Counts a call by its outcome.
    pub(super) async fn observed<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, VaultError>>,
    ) -> Result<T, VaultError> {
        let result = call.await;
        let (outcome, is_up) = match &result {
            Ok(_) => ("ok", true),
            Err(error) => (error.outcome(), error.is_answer()),
        };
        self.metrics.vault_answered(self.name, operation, outcome, is_up);
        result
    }

    /// Records when the token ends. `None`: never.
    pub(super) fn token_ends(&self, end: Option<Instant>) {
        self.metrics.computed().set_token_end(self.name, end);
    }
}
