//! Decodes and verifies access tokens with another library than the service uses.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;

/// A decoded token (RFC 7519); its signature is not checked.
pub struct Jwt {
    /// JOSE header.
    pub header: Value,
    /// Claims.
    pub claims: Value,
    /// Signature, in Base64url.
    pub signature: String,
}

impl Jwt {
    /// Decodes a token without verifying it.
    pub fn decode(token: &str) -> Result<Self> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            bail!("not a token: {} parts", parts.len());
        };
        let decode =
            |part: &str| Ok::<Value, anyhow::Error>(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?);
        Ok(Self {
            header: decode(header)?,
            claims: decode(claims)?,
            signature: (*signature).to_owned(),
        })
    }

    /// Decodes a token and verifies its signature with the published key that its header names.
    pub fn verify(token: &str, jwks: &Value) -> Result<Self> {
        let jwt = Self::decode(token)?;
        let key = published_key(jwks, &jwt.header)?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(&jwt.signature)?)?;
        let (signed, _) = token.rsplit_once('.').context("not a token")?;
        key.verify(signed.as_bytes(), &signature)
            .context("the published key does not verify the signature")?;
        Ok(jwt)
    }
}

/// The published key that a JOSE header names.
pub fn published_key(jwks: &Value, header: &Value) -> Result<VerifyingKey> {
    let keys = jwks["keys"].as_array().context("no keys are published")?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"]);
    let key = key.context("the key that the token names is not published")?;
    ensure!(key["kty"] == "EC" && key["crv"] == "P-256", "not on P-256: {key}");
    ensure!(key.get("d").is_none(), "a private key is published");
    let coordinate =
        |name: &str| Ok::<_, anyhow::Error>(URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default())?);
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    Ok(VerifyingKey::from_sec1_bytes(&point)?)
}
