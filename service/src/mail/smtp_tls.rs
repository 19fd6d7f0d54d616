//! TLS settings of SMTP connections: the trusted authorities, and the name of the server.

use crate::config::mail::SmtpSettings;
use crate::tls_client;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::sync::Arc;

/// An invalid SMTP setting: its name and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{1}")]
pub struct SmtpConfigError(pub &'static str, pub String);

/// The TLS configuration and the expected server name.
pub(super) struct Tls {
    /// Includes the trusted authorities.
    pub(super) config: Arc<ClientConfig>,
    /// The name that the certificate must be valid for.
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Loads the authorities.
    pub(super) fn new(settings: &SmtpSettings, host: &str) -> Result<Self, SmtpConfigError> {
        let invalid_host = |_| SmtpConfigError("SMTP_HOST", "must be a host name or an address".to_owned());
        let name = ServerName::try_from(host.to_owned()).map_err(invalid_host)?;
        let config = tls_client::config(settings.ca_file.as_deref())
            .map_err(|error| SmtpConfigError("SMTP_CA_FILE", error.to_string()))?;
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }
}
