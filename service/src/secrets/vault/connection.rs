//! Sends calls with a token, and counts them by their outcome.

use super::error::VaultError;
use super::http_client::{ApiClient, ClientFactory};
use crate::telemetry::metrics::Metrics;
use secrecy::SecretString;

/// The connection to the server.
pub(super) struct Connection {
    pub(super) clients: ClientFactory,
    pub(super) metrics: Metrics,
}

impl Connection {
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
        self.metrics.vault_answered(operation, outcome, is_up);
        result
    }
}
