//! The keys that sign access tokens: ES256 (RFC 7518 §3.4) and nothing else. A document of theirs is one secret: a file
//! now, an entry of a secret store later.
use super::data_key::is_guessable;
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The `x` of key pairs whose private half is printed somewhere: RFC 7515 A.3, RFC 7517 A.2, RFC 6979 A.2.5, jwt.io.
const KNOWN: [&str; 4] = [
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y",
    "EVs_o5-uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf84",
];

/// The document. `Debug` tells the ids only.
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
    /// Its name in the header of tokens.
    pub kid: String,
    /// `ES256`.
    pub alg: String,
    /// The key pair: PKCS #8 as PEM.
    pub pem: String,
    /// When it was made. Verifiers see it from then on.
    pub created_at: DateTime<Utc>,
    /// From when on it signs: late enough for all verifiers to have seen it.
    pub sign_from: DateTime<Utc>,
    /// Until when tokens that it signed are good; `None`: it still signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_until: Option<DateTime<Utc>>,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and does not sign yet.
    Waiting,
    /// It signs.
    Signing,
    /// It only verifies.
    Verifying,
    /// Its tokens are refused.
    Over,
}

impl KeyState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Over => "over",
        }
    }
}

/// Why a document is no good. Never quotes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// No JSON of the right members.
    #[error("is not a document of keys: make one with `portcullis keys generate`")]
    Document,
    /// A key of another algorithm, or a key that is none.
    #[error("key {0} is no ES256 key pair")]
    Key(usize),
    /// Two keys of one name, or a name that is none.
    #[error("key {0} has no name of its own")]
    Name(usize),
    /// No key signs.
    #[error("no key signs now")]
    NoSigner,
    /// A day would come on which no key signs.
    #[error("the last key has an end, and none comes after it")]
    Ends,
    /// A key that is printed somewhere, or that everybody could guess.
    #[error("key {0} is one that everybody knows: make one with `portcullis keys generate`")]
    Known(usize),
    /// The machine gave no random bytes.
    #[error("no key could be made")]
    Generate,
}

impl TokenKeys {
    /// A document of one new key that signs at once.
    pub fn generate(now: DateTime<Utc>) -> Result<Self, BadKeys> {
        Ok(Self {
            keys: vec![TokenKey::generate(now, now)?],
        })
    }

    /// Parses a document; each key is looked at.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let document: Self = serde_json::from_str(text).map_err(|_| BadKeys::Document)?;
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
                return Err(BadKeys::Name(number));
            }
            let pair = key.pair().ok_or(BadKeys::Key(number))?;
            if is_known(&pair) {
                return Err(BadKeys::Known(number));
            }
        }
        if document.keys.last().is_some_and(|key| key.verify_until.is_some()) {
            return Err(BadKeys::Ends);
        }
        Ok(document)
    }

    /// The document as text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The key that signs now: the last of the document whose time has come. Not the one with the latest `sign_from`: a
    /// key that still waits when another is told to sign at once must not take over from it.
    pub fn signer(&self, now: DateTime<Utc>) -> Option<&TokenKey> {
        let signs = |key: &&TokenKey| key.sign_from <= now && key.verifies(now);
        self.keys.iter().rev().find(signs)
    }

    /// What a key of the document does now.
    pub fn state(&self, key: &TokenKey, now: DateTime<Utc>) -> KeyState {
        if !key.verifies(now) {
            KeyState::Over
        } else if self.signer(now).is_some_and(|signer| signer.kid == key.kid) {
            KeyState::Signing
        } else if key.sign_from > now && key.verify_until.is_none() {
            KeyState::Waiting
        } else {
            KeyState::Verifying
        }
    }

    /// The keys whose tokens are good now.
    pub fn verifiers(&self, now: DateTime<Utc>) -> impl Iterator<Item = &TokenKey> {
        self.keys.iter().filter(move |key| key.verifies(now))
    }

    /// Adds a key that signs after `overlap`, ends the others `verify` later, and drops those whose time is over.
    pub fn rotate(&mut self, now: DateTime<Utc>, overlap: Duration, verify: Duration) -> Result<(), BadKeys> {
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
    /// The key pair, if it is one of our algorithm.
    fn pair(&self) -> Option<EcdsaKeyPair> {
        let pem = pem::parse(&self.pem).ok().filter(|_| self.alg == "ES256")?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pem.contents()).ok()
    }

    /// Whether tokens that it signed are good now.
    fn verifies(&self, now: DateTime<Utc>) -> bool {
        self.verify_until.is_none_or(|until| until > now)
    }

    fn generate(now: DateTime<Utc>, sign_from: DateTime<Utc>) -> Result<Self, BadKeys> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| BadKeys::Generate)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| BadKeys::Generate)?;
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

/// Whether everybody has this key, or could guess it.
fn is_known(pair: &EcdsaKeyPair) -> bool {
    // An uncompressed point: 4, x, y.
    let x = pair.public_key().as_ref().get(1..33).unwrap_or_default();
    let private: Result<EcPrivateKeyBin<'_>, _> = pair.private_key().as_be_bytes();
    KNOWN.contains(&URL_SAFE_NO_PAD.encode(x).as_str())
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
    fn a_key_waits_signs_verifies_and_is_over() {
        use KeyState::{Over, Signing, Verifying, Waiting};
        let start = clock::now();
        let after = |seconds| start + Duration::seconds(seconds);
        let mut keys = TokenKeys::generate(start).unwrap();
        assert_eq!(states(&keys, start), [Signing]);
        keys.rotate(start, Duration::seconds(300), HOUR).unwrap();
        assert_eq!(states(&keys, after(299)), [Signing, Waiting]);
        assert_eq!(states(&keys, after(300)), [Verifying, Signing]);
        assert_eq!(states(&keys, after(300 + 3600)), [Over, Signing]);
        assert_eq!(keys.verifiers(after(3899)).count(), 2);
        assert_eq!(keys.verifiers(after(3900)).count(), 1);
        keys.rotate(after(3900), HOUR, HOUR).unwrap();
        assert_eq!(keys.keys.len(), 2, "what is over goes");
    }

    #[test]
    fn a_key_that_waits_does_not_take_over_from_one_that_was_to_sign_at_once() {
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
    fn a_document_that_would_end_or_that_everybody_knows_is_refused() {
        let now = clock::now();
        let mut keys = TokenKeys::generate(now).unwrap();
        assert!(TokenKeys::parse(&keys.to_text()).is_ok());
        assert!(!format!("{keys:?}").contains("PRIVATE"));
        keys.keys[0].verify_until = Some(now + HOUR);
        assert_eq!(TokenKeys::parse(&keys.to_text()).unwrap_err(), BadKeys::Ends);
        let mut key = TokenKey::generate(now, now).unwrap();
        // jwt.io's example of ES256.
        let known = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANC\
                     AAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G";
        key.pem = format!("-----BEGIN PRIVATE KEY-----\n{known}\n-----END PRIVATE KEY-----\n");
        let keys = TokenKeys { keys: vec![key] };
        assert_eq!(TokenKeys::parse(&keys.to_text()).unwrap_err(), BadKeys::Known(1));
    }
}
