//! Random tokens that are shown once, and the hashes that are stored of them: a type each, so that one cannot be taken
//! for the other.
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A token as its owner has it. Neither `Debug` nor `Display` tells it.
#[derive(Clone)]
pub struct PlainToken(String);

/// SHA-256 of a token: enough for 256 random bits, where a slow hash would only cost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl PlainToken {
    /// 256 random bits, in 43 characters of base64url.
    pub fn random() -> Self {
        Self::of_bytes(&rand::random::<[u8; 32]>())
    }

    /// A token of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A token that somebody sent: base64url of a sensible length; anything else is no token of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let good = (20..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        good.then(|| Self(text.to_owned()))
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// The token itself, on its way to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TokenHash {
    /// The hash of something with as many random bits.
    pub(super) fn of(secret: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, secret).as_ref());
        Self(bytes)
    }

    /// The bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
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
    fn a_token_is_read_back_and_never_told() {
        let token = PlainToken::random();
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(PlainToken::parse(token.reveal()).unwrap().hash(), token.hash());
        assert_ne!(PlainToken::random().hash(), token.hash());
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
