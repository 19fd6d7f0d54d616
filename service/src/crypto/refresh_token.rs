//! Refresh tokens: session id, secret, and a MAC of both. The MAC distinguishes an old token from a guess, so that old
//! tokens need not be stored. It authorises nothing: that takes the hash of the current token.

use super::tokens::PlainToken;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

const ID_LENGTH: usize = 16;
const SECRET_LENGTH: usize = 32;
/// Enough against guessing: a MAC that is guessed ends one session.
const TAG_LENGTH: usize = 16;

/// Issues and recognises the refresh tokens of one session.
pub struct RefreshTokens {
    session: Uuid,
    key: hmac::Key,
}

impl RefreshTokens {
    /// Those of this session, whose key is in its row.
    pub fn of(session: Uuid, key: &[u8]) -> Self {
        Self {
            session,
            key: hmac::Key::new(HMAC_SHA256, key),
        }
    }

    /// The first token of the session.
    pub fn first(&self) -> PlainToken {
        self.with_secret(&rand::random::<[u8; SECRET_LENGTH]>())
    }

    /// The token that replaces another one. The same token and seed result in the same successor.
    pub fn successor(&self, old: &PlainToken, seed: &[u8]) -> PlainToken {
        let seed = hmac::Key::new(HMAC_SHA256, seed);
        self.with_secret(hmac::sign(&seed, old.reveal().as_bytes()).as_ref())
    }

    /// Whether the service issued this token for the session, now or earlier.
    pub fn issued(&self, token: &PlainToken) -> bool {
        decode(token).is_some_and(|bytes| {
            let (content, tag) = bytes.split_at(ID_LENGTH + SECRET_LENGTH);
            content.starts_with(self.session.as_bytes()) && constant_time_eq(&self.tag(content), tag)
        })
    }

    fn with_secret(&self, secret: &[u8]) -> PlainToken {
        let mut bytes = [self.session.as_bytes().as_slice(), secret].concat();
        bytes.extend(self.tag(&bytes));
        PlainToken::of_bytes(&bytes)
    }

    fn tag(&self, content: &[u8]) -> [u8; TAG_LENGTH] {
        let mut tag = [0; TAG_LENGTH];
        let mac = hmac::sign(&self.key, content);
        tag.copy_from_slice(&mac.as_ref()[..TAG_LENGTH]);
        tag
    }
}

/// The session that a token names. Nothing is verified yet.
pub fn named_session(token: &PlainToken) -> Option<Uuid> {
    Uuid::from_slice(decode(token)?.get(..ID_LENGTH)?).ok()
}

fn decode(token: &PlainToken) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.reveal()).ok()?;
    (bytes.len() == ID_LENGTH + SECRET_LENGTH + TAG_LENGTH).then_some(bytes)
}

fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_issued_tokens_are_recognised() {
        let (session, seed) = (Uuid::new_v4(), [7; 32]);
        let tokens = RefreshTokens::of(session, &[1; 32]);
        let first = tokens.first();
        let second = tokens.successor(&first, &seed);
        for token in [&first, &second] {
            let parsed = PlainToken::parse(token.reveal()).unwrap();
            assert_eq!(named_session(&parsed), Some(session));
            assert!(tokens.issued(&parsed));
        }
        assert_ne!(first.hash(), second.hash());
        assert_ne!(first.hash(), tokens.first().hash());
        let changed = |at: usize| {
            let mut bytes = URL_SAFE_NO_PAD.decode(first.reveal()).unwrap();
            bytes[at] ^= 1;
            PlainToken::of_bytes(&bytes)
        };
        for at in 0..64 {
            assert!(!tokens.issued(&changed(at)), "{at}");
        }
        assert!(!tokens.issued(&PlainToken::random()));
        assert_eq!(named_session(&PlainToken::random()), None);
        assert!(!RefreshTokens::of(session, &[2; 32]).issued(&first));
        assert!(!RefreshTokens::of(Uuid::new_v4(), &[1; 32]).issued(&first));
    }

    #[test]
    fn a_successor_follows_from_token_and_seed_together() {
        let tokens = RefreshTokens::of(Uuid::new_v4(), &[1; 32]);
        let (first, other) = (tokens.first(), tokens.first());
        let next = tokens.successor(&first, &[7; 32]).hash();
        assert_eq!(tokens.successor(&first, &[7; 32]).hash(), next);
        assert_ne!(tokens.successor(&first, &[8; 32]).hash(), next);
        assert_ne!(tokens.successor(&other, &[7; 32]).hash(), next);
    }
}
