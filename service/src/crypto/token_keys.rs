//! The keys that sign access tokens: ES256 (RFC 7518 §3.4) and nothing else. A document of theirs is one secret: a file
//! now, an entry of a secret store later.
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

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
            let pem = pem::parse(&key.pem).map_err(|_| BadKeys::Key(number))?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pem.contents());
            if key.alg != "ES256" || pair.is_err() {
                return Err(BadKeys::Key(number));
            }
        }
        Ok(document)
    }

    /// The document as text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The key that signs now: the newest whose time has come.
    pub fn signer(&self, now: DateTime<Utc>) -> Option<&TokenKey> {
        let signs =
            |key: &&TokenKey| key.sign_from <= now && key.verify_until.is_none_or(|until| until > now);
        self.keys.iter().filter(signs).max_by_key(|key| key.sign_from)
    }

    /// The keys whose tokens are good now.
    pub fn verifiers(&self, now: DateTime<Utc>) -> impl Iterator<Item = &TokenKey> {
        self.keys
            .iter()
            .filter(move |key| key.verify_until.is_none_or(|until| until > now))
    }

    /// Adds a key that signs after `overlap`, ends the others `token_life` later, and drops those whose time is over.
    pub fn rotate(
        &mut self,
        now: DateTime<Utc>,
        overlap: Duration,
        token_life: Duration,
    ) -> Result<(), BadKeys> {
        let sign_from = now + overlap;
        self.keys
            .retain(|key| key.verify_until.is_none_or(|until| until > now));
        for key in &mut self.keys {
            key.verify_until.get_or_insert(sign_from + token_life);
        }
        self.keys.push(TokenKey::generate(now, sign_from)?);
        Ok(())
    }
}

impl TokenKey {
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

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}
