//! What TLS to a mail server is checked with: one authority from a file, or the machine's own.
use crate::config::mail::SmtpSettings;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// A setting of the mail server that is no good: its key and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{1}")]
pub struct SmtpConfigError(pub &'static str, pub String);

/// How TLS is spoken, and to whom.
pub(super) struct Tls {
    /// What is trusted.
    pub(super) config: Arc<ClientConfig>,
    /// The name that the certificate must bear.
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Reads the authorities.
    pub(super) fn new(settings: &SmtpSettings, host: &str) -> Result<Self, SmtpConfigError> {
        let wrong_host = |_| SmtpConfigError("SMTP_HOST", "must be a host name or an address".to_owned());
        let name = ServerName::try_from(host.to_owned()).map_err(wrong_host)?;
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
        // One of the machine's that cannot be read is no reason to trust the others less.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return match roots.is_empty() {
            true => Err(bad("this machine has no authorities of its own".to_owned())),
            false => Ok(roots),
        };
    };
    let pem = std::fs::read(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
    let none = || bad(format!("{} holds no certificate", file.display()));
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|_| none())?).map_err(|_| {
            bad(format!(
                "{} holds a certificate that cannot be used",
                file.display()
            ))
        })?;
    }
    match roots.is_empty() {
        true => Err(none()),
        false => Ok(roots),
    }
}
