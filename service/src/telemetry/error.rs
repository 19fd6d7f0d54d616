//! Errors of setting up telemetry.

use crate::config::setting_names::PREFIX;
use crate::tls_client::AuthoritiesError;

/// Telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The authority of the collector's certificate cannot be loaded.
    #[error("{PREFIX}OTLP_CA_FILE: {0}")]
    Authorities(AuthoritiesError),
    /// An exporter or the log cannot be set up.
    #[error("telemetry: {0}")]
    Setup(String),
}

pub(super) fn setup_error(error: impl std::fmt::Display) -> TelemetryError {
    TelemetryError::Setup(error.to_string())
}
