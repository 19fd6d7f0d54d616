//! TLS towards servers that the service connects to, other than PostgreSQL: certificates are verified with the authorities
//! of a file or of the system.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::path::Path;
use std::sync::Arc;

/// The authorities cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuthoritiesError(String);

/// A configuration that trusts the authorities in a PEM file, or those of the system.
pub fn config(authorities: Option<&Path>) -> Result<ClientConfig, AuthoritiesError> {
    with_versions(authorities, rustls::DEFAULT_VERSIONS)
}

/// The same with TLS 1.3 only, for servers that are known to support it.
pub fn config_tls13(authorities: Option<&Path>) -> Result<ClientConfig, AuthoritiesError> {
    with_versions(authorities, &[&rustls::version::TLS13])
}

/// A configuration that trusts no server, for a client that connects without TLS.
pub fn without_authorities() -> Result<ClientConfig, AuthoritiesError> {
    with_roots(RootCertStore::empty(), rustls::DEFAULT_VERSIONS)
}

fn with_versions(
    authorities: Option<&Path>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, AuthoritiesError> {
    let roots = match authorities {
        Some(file) => from_file(file)?,
        None => from_system()?,
    };
    with_roots(roots, versions)
}

fn with_roots(
    roots: RootCertStore,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, AuthoritiesError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| AuthoritiesError(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Checks that a file with authorities can be read and has a certificate, for a library that would say so at each connection
/// only.
pub fn check_file(file: &Path) -> Result<(), AuthoritiesError> {
    let pem = read(file)?;
    match CertificateDer::pem_slice_iter(&pem).next() {
        Some(Ok(_)) => Ok(()),
        _ => Err(without_certificate(file)),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, AuthoritiesError> {
    std::fs::read(file).map_err(|error| AuthoritiesError(format!("cannot read {}: {error}", file.display())))
}

fn without_certificate(file: &Path) -> AuthoritiesError {
    AuthoritiesError(format!("{} contains no certificate", file.display()))
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
    let pem = read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let unusable = |_| AuthoritiesError(format!("{} contains an unusable certificate", file.display()));
        roots
            .add(certificate.map_err(|_| without_certificate(file))?)
            .map_err(unusable)?;
    }
    if roots.is_empty() {
        Err(without_certificate(file))
    } else {
        Ok(roots)
    }
}
