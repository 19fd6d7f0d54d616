//! One version of a signing key: ECDSA on P-256 or Ed25519, and the forms of its signatures.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED,
    ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::answer::Refusal;
use crate::call::Call;

/// The types of keys that this server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyType {
    EcdsaP256,
    Ed25519,
}

impl KeyType {
    pub(super) fn parse(name: &str) -> Option<KeyType> {
        [KeyType::EcdsaP256, KeyType::Ed25519]
            .into_iter()
            .find(|key_type| key_type.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            KeyType::EcdsaP256 => "ecdsa-p256",
            KeyType::Ed25519 => "ed25519",
        }
    }

    pub(super) fn version_name(self) -> &'static str {
        match self {
            KeyType::EcdsaP256 => "P-256",
            KeyType::Ed25519 => "ed25519",
        }
    }

    pub(super) fn supports_derivation(self) -> bool {
        self == KeyType::Ed25519
    }
}

/// The form of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marshaling {
    /// ASN.1 in standard base64.
    Asn1,
    /// As in a JWS: fixed length, base64url without padding.
    Jws,
}

impl Marshaling {
    pub(super) fn of(call: &Call) -> Result<Marshaling, Refusal> {
        match call.filled("marshaling_algorithm").as_deref() {
            None | Some("asn1") => Ok(Marshaling::Asn1),
            Some("jws") => Ok(Marshaling::Jws),
            Some(other) => Err(Refusal::bad_request(format!(
                "invalid marshaling type \"{other}\""
            ))),
        }
    }
}

enum Pair {
    Ecdsa { fixed: EcdsaKeyPair, asn1: EcdsaKeyPair },
    Ed25519(Ed25519KeyPair),
}

/// A key pair.
#[derive(Deserialize)]
#[serde(try_from = "StoredKey")]
pub(super) struct KeyVersion {
    key_type: KeyType,
    pkcs8: Vec<u8>,
    pair: Pair,
    /// PEM, or 32 bytes in standard base64 for Ed25519.
    pub(super) public_key: String,
    pub(super) created: DateTime<Utc>,
}

impl KeyVersion {
    pub(super) fn generate(key_type: KeyType, created: DateTime<Utc>) -> Result<KeyVersion, Refusal> {
        let random = SystemRandom::new();
        let pkcs8 = match key_type {
            KeyType::EcdsaP256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random),
            KeyType::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random),
        };
        let pkcs8 = pkcs8.map(|key| key.as_ref().to_vec());
        let version = pkcs8
            .ok()
            .and_then(|pkcs8| KeyVersion::read(key_type, pkcs8, created));
        version.ok_or_else(|| Refusal::plain(500, "internal error"))
    }

    fn read(key_type: KeyType, pkcs8: Vec<u8>, created: DateTime<Utc>) -> Option<KeyVersion> {
        let (pair, public_key) = match key_type {
            KeyType::EcdsaP256 => {
                let read = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).ok();
                let fixed = read(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                let der = fixed.public_key().as_der().ok()?;
                let block = pem::Pem::new("PUBLIC KEY", der.as_ref());
                let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
                let text = pem::encode_config(&block, config);
                (
                    Pair::Ecdsa {
                        fixed,
                        asn1: read(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
                    },
                    text,
                )
            }
            KeyType::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).ok()?;
                let text = STANDARD.encode(pair.public_key().as_ref());
                (Pair::Ed25519(pair), text)
            }
        };
        Some(KeyVersion {
            key_type,
            pkcs8,
            pair,
            public_key,
            created,
        })
    }

    pub(super) fn sign(&self, input: &[u8], marshaling: Marshaling) -> String {
        let bytes = match (&self.pair, marshaling) {
            (Pair::Ecdsa { fixed: pair, .. }, Marshaling::Jws)
            | (Pair::Ecdsa { asn1: pair, .. }, Marshaling::Asn1) => {
                let signature = pair.sign(&SystemRandom::new(), input);
                signature
                    .map(|signature| signature.as_ref().to_vec())
                    .unwrap_or_default()
            }
            (Pair::Ed25519(pair), _) => pair.sign(input).as_ref().to_vec(),
        };
        match marshaling {
            Marshaling::Jws => URL_SAFE_NO_PAD.encode(bytes),
            Marshaling::Asn1 => STANDARD.encode(bytes),
        }
    }

    pub(super) fn verifies(&self, input: &[u8], signature: &str, marshaling: Marshaling) -> bool {
        let decoded = match marshaling {
            Marshaling::Jws => URL_SAFE_NO_PAD.decode(signature),
            Marshaling::Asn1 => STANDARD.decode(signature),
        };
        let Ok(signature) = decoded else { return false };
        match (&self.pair, marshaling) {
            (Pair::Ecdsa { fixed, .. }, Marshaling::Jws) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, fixed.public_key())
                    .verify(input, &signature)
                    .is_ok()
            }
            (Pair::Ecdsa { fixed, .. }, Marshaling::Asn1) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, fixed.public_key())
                    .verify(input, &signature)
                    .is_ok()
            }
            (Pair::Ed25519(pair), _) => UnparsedPublicKey::new(&ED25519, pair.public_key())
                .verify(input, &signature)
                .is_ok(),
        }
    }
}

/// A key pair as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    key_type: KeyType,
    pkcs8: Vec<u8>,
    created: DateTime<Utc>,
}

impl Serialize for KeyVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredKey {
            key_type: self.key_type,
            pkcs8: self.pkcs8.clone(),
            created: self.created,
        };
        stored.serialize(serializer)
    }
}

impl TryFrom<StoredKey> for KeyVersion {
    type Error = String;

    fn try_from(stored: StoredKey) -> Result<KeyVersion, String> {
        let version = KeyVersion::read(stored.key_type, stored.pkcs8, stored.created);
        version.ok_or_else(|| "a stored key cannot be read".to_owned())
    }
}
