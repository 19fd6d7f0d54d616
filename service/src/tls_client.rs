//! TLS towards servers that the service connects to, other than PostgreSQL: certificates are verified with the authorities
//! of a file or of the system.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// The authorities cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuthoritiesError(String);

/// A configuration that trusts the authorities in a PEM file, or those of the system.
pub fn config(authorities: Option<&Path>) -> Result<ClientConfig, AuthoritiesError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AuthoritiesError(error.to_string()))?;
    let roots = match authorities {
        Some(file) => from_file(file)?,
        None => from_system()?,
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn from_system() -> Result<RootCertStore, AuthoritiesError> {
    let mut roots = RootCertStore::empty();
    // An unreadable system certificate does not make the others untrusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        Err(AuthoritiesError(
            "the system has no certificate authorities".to_owned(),
        ))
    } else {
        Ok(roots)
    }
}

fn from_file(file: &Path) -> Result<RootCertStore, AuthoritiesError> {
    let bad = |reason: &str| AuthoritiesError(format!("{} {reason}", file.display()));
    let pem = std::fs::read(file)
        .map_err(|error| AuthoritiesError(format!("cannot read {}: {error}", file.display())))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots
            .add(certificate.map_err(|_| bad("contains no certificate"))?)
            .map_err(|_| bad("contains an unusable certificate"))?;
    }
    if roots.is_empty() {
        Err(bad("contains no certificate"))
    } else {
        Ok(roots)
    }
}
