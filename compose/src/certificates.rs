//! A certificate authority for one stack, and the certificates of its servers. The authority's key is never stored.

use std::path::Path;

use anyhow::Result;
use private_postgres::password;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// The file with the authority's certificate.
pub const AUTHORITY: &str = "authority";

/// The servers, and the names that their clients connect to.
const SERVERS: [(&str, &[&str]); 4] = [
    ("nginx", &["localhost", "127.0.0.1"]),
    ("postgresql", &["postgresql"]),
    ("mailpit", &["mailpit"]),
    ("collector", &["collector"]),
];

/// Writes `authority`, and for each server `NAME_certificate` and `NAME_key`, unless they are there.
pub fn make(folder: &Path) -> Result<()> {
    if folder.join(AUTHORITY).exists() {
        return Ok(());
    }
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Portcullis local stack");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    for (server, names) in SERVERS {
        let key = KeyPair::generate()?;
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, server);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer)?;
        password::write(&folder.join(format!("{server}_certificate")), &certificate.pem())?;
        password::write(&folder.join(format!("{server}_key")), &key.serialize_pem())?;
    }
    // Last: where it exists, the others do.
    password::write(&folder.join(AUTHORITY), &issuer.pem())?;
    Ok(())
}
