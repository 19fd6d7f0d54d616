//! Signing keys of access tokens: ES256 (RFC 7518 §3.4) only. The keys form one document, which is one secret.

use super::data_key::is_guessable;
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// x coordinates of key pairs whose private keys are published: RFC 7515 A.3, RFC 7517 A.2, RFC 6979 A.2.5, jwt.io.
const PUBLISHED: [&str; 4] = [
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y",
    "EVs_o5-uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf84",
];

/// The key document. `Debug` shows key ids only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenKeys {
    /// The keys, oldest first.
    pub keys: Vec<TokenKey>,
}

/// One key pair.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenKey {
    /// Key id, in the header of tokens.
    pub kid: String,
    /// Algorithm: `ES256`.
    pub alg: String,
    /// Key pair: PKCS #8 in PEM.
    pub pem: String,
    /// Time of creation. From then on the public key is published.
    pub created_at: DateTime<Utc>,
    /// Start of signing: late enough for all verifiers to have fetched the key.
    pub sign_from: DateTime<Utc>,
    /// Tokens of the key are valid until then. `None`: the key has not been replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_until: Option<DateTime<Utc>>,
}

/// State of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Waiting,
    /// Signs new tokens.
    Signing,
    /// Only verifies tokens.
    Verifying,
    /// Its tokens are rejected.
    Expired,
}

impl KeyState {
    /// Name in the output of `keys`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Expired => "expired",
        }
    }
}

/// Why a document is invalid. Never quotes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeysError {
    /// Not JSON, or not of the expected structure.
    #[error("is not a key document: generate one with `portcullis keys generate`")]
    Document,
    /// Another algorithm, or not a key.
    #[error("key {0} is not an ES256 key pair")]
    Key(usize),
    /// The key id is duplicate or malformed.
    #[error("key {0} has a duplicate or malformed id")]
    Name(usize),
    /// No key signs at present.
    #[error("no key signs at present")]
    NoSigner,
    /// Signing would end, because the last key expires.
    #[error("the last key expires and no key follows it")]
    Ends,
    /// The key is published or guessable.
    #[error("key {0} is publicly known: generate one with `portcullis keys generate`")]
    Known(usize),
    /// Key generation failed.
    #[error("key generation failed")]
    Generate,
}

impl TokenKeys {
    /// Generates a document with one key, which signs immediately.
    pub fn generate(now: DateTime<Utc>) -> Result<Self, TokenKeysError> {
        Ok(Self {
            keys: vec![TokenKey::generate(now, now)?],
        })
    }

    /// Parses and validates a document.
    pub fn parse(text: &str) -> Result<Self, TokenKeysError> {
        let document: Self = serde_json::from_str(text).map_err(|_| TokenKeysError::Document)?;
        for (index, key) in document.keys.iter().enumerate() {
            let number = index + 1;
            let twice = document
                .keys
                .iter()
                .take(index)
                .any(|before| before.kid == key.kid);
            let plain = key
                .kid
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if twice || key.kid.is_empty() || key.kid.len() > 64 || !plain {
                return Err(TokenKeysError::Name(number));
            }
            let pair = key.pair().ok_or(TokenKeysError::Key(number))?;
            if is_public(&pair) {
                return Err(TokenKeysError::Known(number));
            }
        }
        if document.keys.last().is_some_and(|key| key.verify_until.is_some()) {
            return Err(TokenKeysError::Ends);
        }
        Ok(document)
    }

    /// The document as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The key that signs now: the last one in the document whose `sign_from` has passed. Not the one with the latest
    /// `sign_from`: a waiting key must not take over from a key that was later added to sign immediately.
    pub fn signer(&self, now: DateTime<Utc>) -> Option<&TokenKey> {
        let signs = |key: &&TokenKey| key.sign_from <= now && key.verifies(now);
        self.keys.iter().rev().find(signs)
    }

    /// The current state of a key.
    pub fn state(&self, key: &TokenKey, now: DateTime<Utc>) -> KeyState {
        if !key.verifies(now) {
            KeyState::Expired
        } else if self.signer(now).is_some_and(|signer| signer.kid == key.kid) {
            KeyState::Signing
        } else if key.sign_from > now && key.verify_until.is_none() {
            KeyState::Waiting
        } else {
            KeyState::Verifying
        }
    }

    /// The keys whose tokens are valid now.
    pub fn verifiers(&self, now: DateTime<Utc>) -> impl Iterator<Item = &TokenKey> {
        self.keys.iter().filter(move |key| key.verifies(now))
    }

    /// Adds a key that signs after `overlap`, lets the others expire `verify` later, and removes expired ones.
    pub fn rotate(
        &mut self,
        now: DateTime<Utc>,
        overlap: Duration,
        verify: Duration,
    ) -> Result<(), TokenKeysError> {
        let sign_from = now + overlap;
        self.keys.retain(|key| key.verifies(now));
        for key in &mut self.keys {
            key.verify_until.get_or_insert(sign_from + verify);
        }
        self.keys.push(TokenKey::generate(now, sign_from)?);
        Ok(())
    }
}

impl TokenKey {
    /// The key pair, if it is an ES256 one.
    fn pair(&self) -> Option<EcdsaKeyPair> {
        let pem = pem::parse(&self.pem).ok().filter(|_| self.alg == "ES256")?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pem.contents()).ok()
    }

    /// Whether its tokens are valid now.
    fn verifies(&self, now: DateTime<Utc>) -> bool {
        self.verify_until.is_none_or(|until| until > now)
    }

    fn generate(now: DateTime<Utc>, sign_from: DateTime<Utc>) -> Result<Self, TokenKeysError> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| TokenKeysError::Generate)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| TokenKeysError::Generate)?;
        Ok(Self {
            kid: uuid::Uuid::new_v4().simple().to_string(),
            alg: "ES256".into(),
            pem: pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8.as_ref())),
            created_at: now,
            sign_from,
            verify_until: None,
        })
    }
}

/// Whether the key is published or guessable.
fn is_public(pair: &EcdsaKeyPair) -> bool {
    // Uncompressed point: 4, x, y.
    let x = pair.public_key().as_ref().get(1..33).unwrap_or_default();
    let private: Result<EcPrivateKeyBin<'_>, _> = pair.private_key().as_be_bytes();
    PUBLISHED.contains(&URL_SAFE_NO_PAD.encode(x).as_str())
        || private.is_ok_and(|private| is_guessable(private.as_ref()))
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    const HOUR: Duration = Duration::hours(1);

    fn states(keys: &TokenKeys, now: DateTime<Utc>) -> Vec<KeyState> {
        keys.keys.iter().map(|key| keys.state(key, now)).collect()
    }

    #[test]
    fn a_key_waits_signs_verifies_and_expires() {
        use KeyState::{Expired, Signing, Verifying, Waiting};
        let start = clock::now();
        let after = |seconds| start + Duration::seconds(seconds);
        let mut keys = TokenKeys::generate(start).unwrap();
        assert_eq!(states(&keys, start), [Signing]);
        keys.rotate(start, Duration::seconds(300), HOUR).unwrap();
        assert_eq!(states(&keys, after(299)), [Signing, Waiting]);
        assert_eq!(states(&keys, after(300)), [Verifying, Signing]);
        assert_eq!(states(&keys, after(300 + 3600)), [Expired, Signing]);
        assert_eq!(keys.verifiers(after(3899)).count(), 2);
        assert_eq!(keys.verifiers(after(3900)).count(), 1);
        keys.rotate(after(3900), HOUR, HOUR).unwrap();
        assert_eq!(keys.keys.len(), 2, "expired keys are removed");
    }

    #[test]
    fn a_waiting_key_does_not_replace_one_that_signs_immediately() {
        use KeyState::{Signing, Verifying};
        let start = clock::now();
        let mut keys = TokenKeys::generate(start).unwrap();
        keys.rotate(start, Duration::seconds(300), HOUR).unwrap();
        keys.rotate(start, Duration::zero(), HOUR).unwrap();
        for seconds in [0, 299, 300, 301, 3599] {
            let now = start + Duration::seconds(seconds);
            assert_eq!(states(&keys, now), [Verifying, Verifying, Signing], "{seconds}");
        }
    }

    #[test]
    fn documents_with_expiring_or_published_keys_are_rejected() {
        let now = clock::now();
        let mut keys = TokenKeys::generate(now).unwrap();
        assert!(TokenKeys::parse(&keys.to_text()).is_ok());
        assert!(!format!("{keys:?}").contains("PRIVATE"));
        keys.keys[0].verify_until = Some(now + HOUR);
        assert_eq!(
            TokenKeys::parse(&keys.to_text()).unwrap_err(),
            TokenKeysError::Ends
        );
        let mut key = TokenKey::generate(now, now).unwrap();
        // jwt.io's example of ES256.
        let known = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANC\
                     AAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G";
        key.pem = format!("-----BEGIN PRIVATE KEY-----\n{known}\n-----END PRIVATE KEY-----\n");
        let keys = TokenKeys { keys: vec![key] };
        assert_eq!(
            TokenKeys::parse(&keys.to_text()).unwrap_err(),
            TokenKeysError::Known(1)
        );
    }
}
