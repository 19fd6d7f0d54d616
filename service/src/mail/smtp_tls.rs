//! TLS settings of SMTP connections: certificate authorities from a file or from the system.

use crate::config::mail::SmtpSettings;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
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
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| SmtpConfigError("SMTP_TLS", error.to_string()))?
            .with_root_certificates(roots(settings)?)
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }
}

fn roots(settings: &SmtpSettings) -> Result<RootCertStore, SmtpConfigError> {
    let bad = |reason: String| SmtpConfigError("SMTP_CA_FILE", reason);
    let mut roots = RootCertStore::empty();
    let Some(file) = &settings.ca_file else {
        // An unreadable system certificate does not make the others untrusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() {
            Err(bad("the system has no certificate authorities".to_owned()))
        } else {
            Ok(roots)
        };
    };
    let pem = std::fs::read(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
    let none = || bad(format!("{} contains no certificate", file.display()));
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots
            .add(certificate.map_err(|_| none())?)
            .map_err(|_| bad(format!("{} contains an unusable certificate", file.display())))?;
    }
    if roots.is_empty() { Err(none()) } else { Ok(roots) }
}
