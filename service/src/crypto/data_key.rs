//! One key of the service's stored data. It encrypts second factors, and derives tokens that need not be stored. Each use
//! has its own key, derived by HKDF (RFC 5869). `data_keys` combines the keys that are in use.

use super::tokens::PlainToken;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Minimum length of a key in bytes.
const MIN_LENGTH: usize = 32;

/// Why a text is not a valid key. Never contains the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataKeyError {
    /// Not base64 or hexadecimal, or too short.
    #[error("must be at least 32 random bytes in base64 or hexadecimal")]
    Invalid,
    /// Not random.
    #[error("is not random: generate a key with `portcullis keys data-key`")]
    Guessable,
}

/// The public id of a key. It follows from the key, so that a damaged key is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataKeyId([u8; Self::LENGTH]);

impl DataKeyId {
    /// Its length in bytes.
    pub(super) const LENGTH: usize = 8;

    /// The id in these bytes.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The key. Cheap to clone. `Debug` does not show it.
#[derive(Clone)]
pub struct DataKey(Arc<hkdf::Prk>);

impl DataKey {
    /// Parses at least 32 bytes in base64 or hexadecimal. Keys with few distinct bytes and readable texts are rejected.
    pub fn parse(text: &str) -> Result<Self, DataKeyError> {
        let text = text.trim();
        let bytes = decode(text)
            .filter(|bytes| bytes.len() >= MIN_LENGTH)
            .ok_or(DataKeyError::Invalid)?;
        if is_guessable(&bytes) || (!is_hex(text) && has_one_case(text)) {
            return Err(DataKeyError::Guessable);
        }
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis data key");
        Ok(Self(Arc::new(salt.extract(&bytes))))
    }

    /// The key that follows from a client's secret and these data. Who lacks the secret cannot guess the data by it.
    pub fn of_client(secret: &PlainToken, data: &[&[u8]]) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis client key");
        // Each with its length, so that no two lists are the same bytes.
        let parts = std::iter::once(secret.reveal().as_bytes()).chain(data.iter().copied());
        let mut bytes = Zeroizing::new(Vec::new());
        for part in parts {
            bytes.extend_from_slice(&part.len().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(Arc::new(salt.extract(&bytes)))
    }

    /// Generates a key, in base64.
    pub fn generate() -> String {
        STANDARD.encode(rand::random::<[u8; 32]>())
    }

    /// Its id.
    pub fn id(&self) -> DataKeyId {
        let mac = self.mac("id", b"");
        let mut id = [0; DataKeyId::LENGTH];
        id.copy_from_slice(&mac[..DataKeyId::LENGTH]);
        DataKeyId(id)
    }

    /// HMAC-SHA-256 of the data, under the key derived for `label`.
    pub fn mac(&self, label: &'static str, data: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(label));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&key, data).as_ref());
        bytes
    }

    /// Whether this is the MAC of the data, compared in constant time.
    pub fn verify_mac(&self, label: &'static str, data: &[u8], mac: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(label));
        hmac::verify(&key, data, mac).is_ok()
    }

    /// The token of a mailed link, derived from the link's id, so that neither the links table nor the outbox stores it.
    pub fn link_token(&self, link: Uuid) -> PlainToken {
        PlainToken::of_bytes(&self.mac("link", link.as_bytes()))
    }

    /// Encrypts data with AES-256-GCM and prepends the random nonce. `context`, for example the account, is
    /// authenticated, so that a value cannot be moved to another row.
    pub fn seal(&self, label: &'static str, context: &str, data: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = data.to_vec();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(label)).ok()?;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(context), &mut sealed)
            .ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Decrypts data. `None`: it was changed, moved to another context, or encrypted with another key.
    pub fn open(&self, label: &'static str, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(label)).ok()?;
        let mut data = rest.to_vec();
        let length = key
            .open_in_place(nonce, Aad::from(context), &mut data)
            .ok()?
            .len();
        data.truncate(length);
        Some(data)
    }

    fn derive(&self, label: &'static str) -> [u8; 32] {
        let mut key = [0; 32];
        let info = [label.as_bytes()];
        let filled = self
            .0
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key));
        // HKDF cannot fail for 32 bytes. If it did, a random key would be safer than one of zeros.
        if filled.is_err() {
            key = rand::random();
        }
        key
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

/// Whether bytes that should be random have few distinct values, count up, or are readable text.
pub(super) fn is_guessable(bytes: &[u8]) -> bool {
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // 32 random bytes have 30 distinct values on average; fewer than 16 are practically impossible.
    let counts_up = bytes.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    let is_text = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    distinct.len() < 16 || counts_up || is_text
}

/// Readable text may be valid base64, too. Random bytes in base64 practically always have letters of both cases.
fn has_one_case(text: &str) -> bool {
    let has = |case: fn(&u8) -> bool| text.bytes().any(|byte| case(&byte));
    !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Random bytes in base64 are practically never hexadecimal by chance.
fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if is_hex(text) {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        return text.as_bytes().chunks(2).map(byte).collect();
    }
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD];
    engines.into_iter().find_map(|engine| engine.decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DataKey {
        DataKey::parse(&DataKey::generate()).unwrap()
    }

    #[test]
    fn weak_keys_are_rejected() {
        for (text, why) in [
            ("", DataKeyError::Invalid),
            ("secret", DataKeyError::Invalid),
            (&STANDARD.encode([7; 31]), DataKeyError::Invalid),
            (&"00".repeat(32), DataKeyError::Guessable),
            (&STANDARD.encode([65; 32]), DataKeyError::Guessable),
            (
                &STANDARD.encode("change me change me change me change me"),
                DataKeyError::Guessable,
            ),
            (
                &STANDARD.encode((0..32).collect::<Vec<u8>>()),
                DataKeyError::Guessable,
            ),
        ] {
            assert_eq!(DataKey::parse(text).unwrap_err(), why, "{text}");
        }
        let hex: String = rand::random::<[u8; 32]>()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert!(DataKey::parse(&hex).is_ok());
    }

    #[test]
    fn data_decrypts_only_with_its_context_and_key() {
        let key = key();
        let sealed = key.seal("totp", "account 7", b"secret").unwrap();
        assert_eq!(
            key.open("totp", "account 7", &sealed).as_deref(),
            Some(b"secret".as_slice())
        );
        assert_eq!(key.open("totp", "account 8", &sealed), None);
        assert_eq!(key.open("other", "account 7", &sealed), None);
        assert_eq!(super::tests::key().open("totp", "account 7", &sealed), None);
        let mut forged = sealed.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(key.open("totp", "account 7", &forged), None);
        assert_eq!(key.open("totp", "account 7", b"short"), None);
        assert_ne!(key.seal("totp", "account 7", b"secret").unwrap(), sealed);
    }

    #[test]
    fn a_link_token_depends_on_the_id_and_the_key() {
        let (key, link) = (key(), Uuid::new_v4());
        assert_eq!(key.link_token(link).hash(), key.link_token(link).hash());
        assert_ne!(key.link_token(link).hash(), key.link_token(Uuid::new_v4()).hash());
        assert_ne!(
            key.link_token(link).hash(),
            super::tests::key().link_token(link).hash()
        );
        assert!(!format!("{key:?}").contains(key.link_token(link).reveal()));
    }
}
