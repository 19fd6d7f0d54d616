//! The one key of the service's data: it seals second factors, and makes tokens that follow from what is stored, so that
//! they need not be stored themselves. Each use has a key of its own, derived from it (HKDF, RFC 5869).
use super::tokens::PlainToken;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Bytes that a key must have.
const SHORTEST: usize = 32;

/// Why a text is no key. Never tells it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not base64 or hex of enough bytes.
    #[error("must be 32 random bytes or more, as base64 or hex")]
    Short,
    /// Everybody could guess it.
    #[error("is no random key: make one with `portcullis keys data-key`")]
    Known,
}

/// The key. Cheap to clone; `Debug` does not tell it.
#[derive(Clone)]
pub struct DataKey(Arc<hkdf::Prk>);

impl DataKey {
    /// Parses base64 or hex of at least 32 bytes; what has few different bytes, or spells words, is refused.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let text = text.trim();
        let bytes = decode(text)
            .filter(|bytes| bytes.len() >= SHORTEST)
            .ok_or(BadKey::Short)?;
        if is_guessable(&bytes) || (!is_hex(text) && has_one_case(text)) {
            return Err(BadKey::Known);
        }
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis data key");
        Ok(Self(Arc::new(salt.extract(&bytes))))
    }

    /// A new key, as text.
    pub fn generate() -> String {
        STANDARD.encode(rand::random::<[u8; 32]>())
    }

    /// HMAC-SHA-256 of the data, under a key of this use.
    pub fn mac(&self, what: &'static str, data: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(what));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&key, data).as_ref());
        bytes
    }

    /// The token of a mailed link: it follows from the link's id, so that neither table nor outbox holds it.
    pub fn link_token(&self, link: Uuid) -> PlainToken {
        PlainToken::of_bytes(&self.mac("link", link.as_bytes()))
    }

    /// Seals data (AES-256-GCM, random nonce in front); `context` must be the same when it is opened, as in
    /// `totp of account 7`: a sealed value cannot be moved to another row.
    pub fn seal(&self, what: &'static str, context: &str, data: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = data.to_vec();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(what)).ok()?;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(context), &mut sealed)
            .ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what was sealed; `None`: it was changed, moved, or sealed with another key.
    pub fn open(&self, what: &'static str, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(what)).ok()?;
        let mut data = rest.to_vec();
        let length = key
            .open_in_place(nonce, Aad::from(context), &mut data)
            .ok()?
            .len();
        data.truncate(length);
        Some(data)
    }

    fn derive(&self, what: &'static str) -> [u8; 32] {
        let mut key = [0; 32];
        let info = [what.as_bytes()];
        let filled = self
            .0
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key));
        // Cannot fail for 32 bytes; a key of zeros would be worse than none, so it becomes a random one.
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

/// Whether bytes that should be random have few different ones, count up, or spell words.
pub(super) fn is_guessable(bytes: &[u8]) -> bool {
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // 32 random bytes have 30 different ones on average, and fewer than 16 not once in the age of the world.
    let counts_up = bytes.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    let is_text = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    distinct.len() < 16 || counts_up || is_text
}

/// Words in a row are base64 too; that of random bytes has letters of both cases, all but once in a billion times.
fn has_one_case(text: &str) -> bool {
    let has = |case: fn(&u8) -> bool| text.bytes().any(|byte| case(&byte));
    !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Random bytes in base64 are never hex by chance.
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
    fn weak_keys_are_refused() {
        for (text, why) in [
            ("", BadKey::Short),
            ("secret", BadKey::Short),
            (&STANDARD.encode([7; 31]), BadKey::Short),
            (&"00".repeat(32), BadKey::Known),
            (&STANDARD.encode([65; 32]), BadKey::Known),
            (
                &STANDARD.encode("change me change me change me change me"),
                BadKey::Known,
            ),
            (&STANDARD.encode((0..32).collect::<Vec<u8>>()), BadKey::Known),
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
    fn what_is_sealed_opens_only_in_its_place_and_with_its_key() {
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
    fn a_links_token_follows_from_its_id_and_the_key() {
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
