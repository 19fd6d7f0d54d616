//! Recovery codes, for users who have lost their authenticator app: random, shown once, typed by hand.

use super::tokens::TokenHash;
use std::fmt;

/// Crockford's base32, which avoids characters that are easily confused.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code: 140 random bits. From 112 on, a fast hash without salt is safe (ASVS v5.0.0-6.5.2), and 128 are
/// required of secrets that must not be guessed (ASVS v5.0.0-11.5.1).
const LENGTH: usize = 28;

/// Characters of codes that earlier versions issued: 80 random bits. They are accepted until they are used or replaced.
const EARLIER_LENGTH: usize = 16;

/// Characters of a group, as a code is shown.
const GROUP: usize = 4;

/// A code in plain text. `Debug` does not show it.
#[derive(Clone)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// Generates a code.
    pub fn random() -> Self {
        let bytes = rand::random::<[u8; LENGTH]>();
        Self(bytes.iter().map(|byte| character(byte % 32)).collect())
    }

    /// A code without separators, in either case.
    pub(super) fn from_plain(plain: &str) -> Option<Self> {
        let code: String = plain
            .chars()
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let has_length = [LENGTH, EARLIER_LENGTH].contains(&code.len());
        let good = has_length && code.bytes().all(|b| ALPHABET.contains(&b));
        good.then_some(Self(code))
    }

    /// The hash that is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// The code for its owner, in groups of four.
    pub fn reveal(&self) -> String {
        let groups: Vec<&str> = (0..self.0.len())
            .step_by(GROUP)
            .filter_map(|from| self.0.get(from..from + GROUP))
            .collect();
        groups.join("-")
    }
}

fn character(number: u8) -> char {
    ALPHABET.get(usize::from(number)).copied().map_or('0', char::from)
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_parses_in_either_case() {
        let code = RecoveryCode::random();
        let shown = code.reveal();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [4; 7]);
        let plain = shown.replace('-', "");
        for typed in [plain.clone(), plain.to_lowercase()] {
            assert!(RecoveryCode::from_plain(&typed).unwrap().hash() == code.hash());
        }
        assert!(RecoveryCode::random().hash() != code.hash());
        assert!(
            RecoveryCode::from_plain("0123456789ABCDEF").is_some(),
            "of an earlier version"
        );
        assert!(!format!("{code:?}").contains(&shown));
        for bad in [
            "",
            "0000",
            "UUUU000000000000000000000000",
            "UUUU000000000000",
            "000000000000000",
            "00000000000000000",
        ] {
            assert!(RecoveryCode::from_plain(bad).is_none(), "{bad}");
        }
    }
}
