//! Recovery codes: for who has lost the app. Random, shown once, typed by hand.
use super::tokens::TokenHash;
use std::fmt;

/// Crockford's base32: nothing that is mistaken for something else.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 80 random bits each: enough that a fast hash of them is safe.
const LENGTH: usize = 16;

/// A code as its owner has it. `Debug` does not tell it.
#[derive(Clone)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A new one.
    pub fn random() -> Self {
        let bytes = rand::random::<[u8; LENGTH]>();
        Self(bytes.iter().map(|byte| letter(byte % 32)).collect())
    }

    /// A code that somebody typed: in either case, with dashes or spaces wherever they like.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let code: String = plain
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let good = code.len() == LENGTH && code.bytes().all(|b| LETTERS.contains(&b));
        good.then_some(Self(code))
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// On its way to its owner, in groups of four.
    pub fn reveal(&self) -> String {
        let groups: Vec<&str> = [0, 4, 8, 12]
            .iter()
            .filter_map(|from| self.0.get(*from..from + 4))
            .collect();
        groups.join("-")
    }
}

fn letter(number: u8) -> char {
    LETTERS.get(usize::from(number)).copied().map_or('0', char::from)
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
    fn a_code_is_known_again_however_it_is_typed() {
        let code = RecoveryCode::random();
        let shown = code.reveal();
        assert_eq!(shown.len(), 19);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " "),
        ] {
            assert!(RecoveryCode::parse(&typed).unwrap().hash() == code.hash());
        }
        assert!(RecoveryCode::random().hash() != code.hash());
        assert!(!format!("{code:?}").contains(&shown));
        for bad in [
            "",
            "0000",
            "UUUU-0000-0000-0000",
            "0000-0000-0000-000",
            "0000-0000-0000-00000",
        ] {
            assert!(RecoveryCode::parse(bad).is_none(), "{bad}");
        }
    }
}
