//! Random tokens that are shown once, and the hashes of them that are stored. Two types, so that they cannot be confused.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use zeroize::Zeroizing;

/// A token in plain text. `Debug` does not show it, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct PlainToken(Zeroizing<String>);

/// SHA-256 of a token. Tokens have 256 random bits, so a slow hash would add nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl PlainToken {
    /// 256 random bits, as 43 characters of base64url.
    pub fn random() -> Self {
        Self::of_bytes(&rand::random::<[u8; 32]>())
    }

    /// Encodes these bytes as a token.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Parses a received token: base64url of a plausible length.
    pub fn parse(text: &str) -> Option<Self> {
        let good = (20..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        good.then(|| Self(text.to_owned().into()))
    }

    /// The hash that is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// The token itself, for its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TokenHash {
    /// The hash of a secret with at least 80 random bits.
    pub(super) fn of(secret: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, secret).as_ref());
        Self(bytes)
    }

    /// The bytes for storage.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes for storage, with their number.
    pub fn array(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the stored hash, in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, stored).is_ok()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken([redacted])")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_parses_and_is_never_shown() {
        let token = PlainToken::random();
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(PlainToken::parse(token.reveal()).unwrap().hash(), token.hash());
        assert_ne!(PlainToken::random().hash(), token.hash());
        assert!(token.hash().matches(token.hash().bytes()));
        for other in [
            &[][..],
            &token.hash().bytes()[1..],
            PlainToken::random().hash().bytes(),
        ] {
            assert!(!token.hash().matches(other));
        }
        assert!(!format!("{token:?}{:?}", token.hash()).contains(token.reveal()));
        for bad in [
            "",
            "short",
            &"a".repeat(129),
            "has space in the middle",
            "ü234567890123456789012",
        ] {
            assert!(PlainToken::parse(bad).is_none(), "{bad}");
        }
    }
}
