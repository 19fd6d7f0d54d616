//! A certificate authority for tests, and the server certificates that it issues.

use super::temp_file::TempFile;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// The authority, with its certificate in a temporary file.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: TempFile,
}

impl CertificateAuthority {
    /// Generates a key and a self-signed certificate.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // The same for all authorities: only signatures distinguish them.
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = TempFile::new("pem", issuer.pem());
        Self { issuer, file }
    }

    /// The path of its certificate.
    pub fn file(&self) -> &str {
        self.file.path_str()
    }

    /// A certificate for this host name or address and its private key, in PEM.
    #[allow(dead_code, reason = "only one of the two test programs needs it")]
    pub fn certificate(&self, name: &str) -> (String, String) {
        let (certificate, key) = self.issue(name);
        (certificate.pem(), key.serialize_pem())
    }

    /// A TLS configuration with a certificate for this host name or address.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_with(name, rustls::ALL_VERSIONS)
    }

    /// The same with these versions of TLS only.
    pub fn server_with(
        &self,
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let (certificate, key) = self.issue(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }

    fn issue(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        // OpenSSL takes a certificate whose subject is its issuer's for a self-signed one.
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}
