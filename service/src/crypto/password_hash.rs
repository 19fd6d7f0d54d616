//! Password hashes in their stored form (argon2id). Calls block for as long as argon2id takes; requests go through
//! `hashing`.

use crate::config::auth::HashingSettings;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::fmt;

/// A hash in PHC format, `$argon2id$…`. `Debug` does not show it.
#[derive(Clone)]
pub struct PasswordHash(String);

/// Result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The password is correct.
    Right {
        /// The hash was made with lower cost than is configured now.
        needs_rehash: bool,
    },
    /// The password is wrong.
    Wrong,
}

impl PasswordHash {
    /// Wraps a stored hash.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Hashes a password in NFC. `None`: argon2id failed, for lack of memory.
    pub fn create(password: &SecretString, cost: HashingSettings) -> Option<Self> {
        let made = context(cost)?.hash_password(nfc(password.expose_secret()).as_bytes());
        made.ok().map(|hash| Self(hash.to_string()))
    }

    /// A hash that matches no password and costs as much to verify as any other.
    pub fn dummy(cost: HashingSettings) -> Option<Self> {
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(context(cost)?.params()).ok()?,
            salt: Some(phc::Salt::new(&rand::random::<[u8; 16]>()).ok()?),
            hash: Some(phc::Output::new(&rand::random::<[u8; 32]>()).ok()?),
        };
        Some(Self(hash.to_string()))
    }

    /// Compares the password as received, and then in NFC if that differs: keyboards and systems encode the same characters
    /// differently (RFC 8265 §4.2, RFC 7617 §2.1), and passwords were once stored as received.
    pub fn verify(&self, password: &SecretString, cost: HashingSettings) -> Verified {
        let received = password.expose_secret();
        let normalised = nfc(received);
        match self.verify_exactly(received.as_bytes(), cost) {
            verified if *normalised == *received => verified,
            // Stored as received: to be stored in NFC.
            Verified::Right { .. } => Verified::Right { needs_rehash: true },
            Verified::Wrong => self.verify_exactly(normalised.as_bytes(), cost),
        }
    }

    /// Compares at the cost of the hash. If that is lower than the configured cost and the password is wrong, the
    /// difference is spent as well: otherwise response times would distinguish old accounts from unknown ones.
    fn verify_exactly(&self, password: &[u8], cost: HashingSettings) -> Verified {
        let Some((hash, params)) = self.parsed() else {
            return Verified::Wrong;
        };
        match Argon2::default().verify_password(password, &hash) {
            Ok(()) => Verified::Right {
                needs_rehash: params.m_cost() < cost.memory || params.t_cost() < cost.iterations,
            },
            Err(_) => {
                spend_difference(password, &params, cost);
                Verified::Wrong
            }
        }
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parsed(&self) -> Option<(phc::PasswordHash, Params)> {
        let hash = phc::PasswordHash::new(&self.0).ok()?;
        let params = Params::try_from(&hash).ok()?;
        (hash.algorithm == Algorithm::Argon2id.ident()).then_some((hash, params))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// A password in normalisation form C.
pub fn nfc(password: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(password)
}

/// SHA-1 in upper-case hexadecimal, for lists of breached passwords only.
pub fn sha1(password: &str) -> [u8; 40] {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let mut hex = [0; 40];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.as_ref()) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    hex
}

/// One lane: further lanes help only if each has an idle CPU core.
fn context(cost: HashingSettings) -> Option<Argon2<'static>> {
    let params = Params::new(cost.memory, cost.iterations, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The cost of argon2id is proportional to memory times iterations.
fn spend_difference(password: &[u8], spent: &Params, cost: HashingSettings) {
    let whole = u64::from(cost.memory) * u64::from(cost.iterations);
    let rest = whole.saturating_sub(u64::from(spent.m_cost()) * u64::from(spent.t_cost()));
    let memory = u32::try_from(rest).unwrap_or(u32::MAX).min(cost.memory);
    if memory < Params::MIN_M_COST {
        return;
    }
    let iterations = u32::try_from(rest / u64::from(memory)).unwrap_or(1).max(1);
    if let Ok(params) = Params::new(memory, iterations, 1, None) {
        let _ = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
            password,
            &[0; 16],
            &mut [0; 32],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: HashingSettings = HashingSettings {
        threads: 1,
        queue_capacity: 4,
        queue_timeout: std::time::Duration::from_secs(10),
        memory: 19_456,
        iterations: 2,
    };

    fn hash(password: &str, cost: HashingSettings) -> PasswordHash {
        PasswordHash::create(&password.into(), cost).unwrap()
    }

    #[test]
    fn only_the_right_password_verifies() {
        let made = hash("correct horse ü", COST);
        assert!(made.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = Verified::Right { needs_rehash: false };
        assert_eq!(made.verify(&"correct horse ü".into(), COST), right);
        for wrong in ["", "correct horse u", "correct horse ü ", "CORRECT HORSE Ü"] {
            assert_eq!(made.verify(&wrong.into(), COST), Verified::Wrong);
        }
        assert_ne!(hash("correct horse ü", COST).as_str(), made.as_str());
        assert!(!format!("{made:?}").contains("argon2id"));
    }

    #[test]
    fn the_encoding_of_characters_does_not_matter() {
        let (composed, decomposed) = ("ma\u{f1}ana caf\u{e9}", "man\u{303}ana cafe\u{301}");
        let right = Verified::Right { needs_rehash: false };
        for made in [hash(composed, COST), hash(decomposed, COST)] {
            assert_eq!(made.verify(&composed.into(), COST), right);
            assert_eq!(made.verify(&decomposed.into(), COST), right);
            assert_eq!(made.verify(&"manana cafe".into(), COST), Verified::Wrong);
        }
        let stored = context(COST)
            .unwrap()
            .hash_password(decomposed.as_bytes())
            .unwrap();
        let stored = PasswordHash::from_stored(stored.to_string());
        let rehash = Verified::Right { needs_rehash: true };
        assert_eq!(
            stored.verify(&decomposed.into(), COST),
            rehash,
            "stored as received"
        );
        assert_eq!(stored.verify(&composed.into(), COST), Verified::Wrong);
        assert_eq!(&sha1("password"), b"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }

    #[test]
    fn other_hashes_than_argon2id_match_no_password() {
        let text = hash("a", COST).as_str().to_owned();
        for bad in [
            "",
            "a",
            "$argon2id$",
            &text.replace("argon2id", "argon2i"),
            &text[..40],
        ] {
            assert_eq!(
                PasswordHash::from_stored(bad.into()).verify(&"a".into(), COST),
                Verified::Wrong
            );
        }
        assert_eq!(
            PasswordHash::dummy(COST).unwrap().verify(&"a".into(), COST),
            Verified::Wrong
        );
    }

    #[test]
    fn a_hash_of_lower_cost_needs_a_rehash() {
        let made = hash("a", COST);
        let needs = |cost| made.verify(&"a".into(), cost) == Verified::Right { needs_rehash: true };
        assert!(needs(HashingSettings {
            memory: 20_000,
            ..COST
        }));
        assert!(needs(HashingSettings {
            iterations: 3,
            ..COST
        }));
        assert!(!needs(COST));
        assert_eq!(
            made.verify(
                &"b".into(),
                HashingSettings {
                    iterations: 3,
                    ..COST
                }
            ),
            Verified::Wrong
        );
    }
}
