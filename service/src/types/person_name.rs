//! Names of persons.

use super::visible_line::{LineError, visible_line};

/// A name of 1 to 100 characters on one visible line: names appear in lists and mail headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 100;

    /// Parses a name. Surrounding white space is trimmed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::check(text).ok()
    }

    /// The same, with the reason of a rejection.
    pub fn check(text: &str) -> Result<Self, LineError> {
        visible_line(text, Self::MAX_LENGTH).map(|name| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_parse_and_hidden_characters_do_not() {
        for good in ["Ann", " Þórunn Ágústsdóttir ", "李小龙", "O'Neill-Smith"] {
            assert!(PersonName::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "   ",
            "a\r\nBcc: b",
            "a\0",
            "\u{202e}nnA",
            "Ann\u{200b}",
            "\u{3164}",
            "A\u{ad}nn",
            "\u{e0041}nn",
            &"a".repeat(101),
        ] {
            assert!(PersonName::parse(bad).is_none(), "{bad:?}");
        }
    }
}
