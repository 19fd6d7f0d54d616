//! Tokens signed and verified by hand, with an ECDSA implementation other than that of the service.

use super::app::{App, send};
use super::database::token_keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::EncodedPoint;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::DecodePrivateKey;
use portcullis::crypto::token_keys::TokenKeys;
use serde_json::Value;
use std::collections::HashMap;

/// Base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes base64url without padding.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The key with which the tested services sign.
pub fn signing_key() -> SigningKey {
    let document = TokenKeys::parse(token_keys()).unwrap();
    SigningKey::from_pkcs8_pem(&document.keys[0].pem).unwrap()
}

/// Header and claims of a token, as text: they need not be valid JSON.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The header.
    pub header: String,
    /// The claims.
    pub claims: String,
}

impl Parts {
    /// Decodes a token.
    pub fn of(token: &str) -> Self {
        let part = |index| String::from_utf8(decode(token.split('.').nth(index).unwrap())).unwrap();
        Self {
            header: part(0),
            claims: part(1),
        }
    }

    /// The header.
    pub fn header(&self) -> Value {
        serde_json::from_str(&self.header).unwrap()
    }

    /// The claims.
    pub fn claims(&self) -> Value {
        serde_json::from_str(&self.claims).unwrap()
    }

    /// Adds or replaces a header parameter.
    pub fn with_header(&self, name: &str, value: Value) -> Self {
        let mut header = self.header();
        header[name] = value;
        Self {
            header: header.to_string(),
            ..self.clone()
        }
    }

    /// Adds or replaces a claim.
    pub fn with_claim(&self, name: &str, value: Value) -> Self {
        let mut claims = self.claims();
        claims[name] = value;
        Self {
            claims: claims.to_string(),
            ..self.clone()
        }
    }

    /// Removes a claim.
    pub fn without_claim(&self, name: &str) -> Self {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        Self {
            claims: claims.to_string(),
            ..self.clone()
        }
    }

    /// The signing input (RFC 7515).
    pub fn signing_input(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }

    /// The token with this signature.
    pub fn signed_by(&self, signature: impl AsRef<[u8]>) -> String {
        format!("{}.{}", self.signing_input(), encode(signature))
    }

    /// The token, signed with a key.
    pub fn sign(&self, key: &SigningKey) -> String {
        let signature: Signature = key.sign(self.signing_input().as_bytes());
        self.signed_by(signature.to_bytes())
    }
}

/// The published keys, by key ID.
pub fn published(app: &App) -> HashMap<String, VerifyingKey> {
    let response = send(app.request("GET", "/.well-known/jwks.json"));
    assert_eq!(response.status, 200, "{response:?}");
    let key = |key: &Value| {
        let number = |name: &str| <[u8; 32]>::try_from(decode(key[name].as_str().unwrap())).unwrap();
        let point = EncodedPoint::from_affine_coordinates(&number("x").into(), &number("y").into(), false);
        let verifying = VerifyingKey::from_encoded_point(&point).unwrap();
        (key["kid"].as_str().unwrap().to_owned(), verifying)
    };
    response.json()["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(key)
        .collect()
}

/// Whether the signature is valid under the key that the header names.
pub fn verifies(keys: &HashMap<String, VerifyingKey>, token: &str) -> bool {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let kid = Parts::of(token).header()["kid"].as_str().unwrap().to_owned();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    keys.get(&kid)
        .is_some_and(|key| key.verify(input.as_bytes(), &signature).is_ok())
}
