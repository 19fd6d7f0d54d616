//! Wish ids, titles and notes.

use super::number_id::number_id;
use super::visible_line::{LineError, visible_line};

number_id! {
    /// Id of a wish.
    WishId
}

/// A title: 1 to 200 characters on one visible line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishTitle(String);

impl WishTitle {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Parses a title. Surrounding white space is trimmed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::check(text).ok()
    }

    /// The same, with the reason of a rejection.
    pub fn check(text: &str) -> Result<Self, LineError> {
        visible_line(text, Self::MAX_LENGTH).map(|title| Self(title.to_owned()))
    }

    /// The title.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A note: up to 2000 characters on any number of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WishNote(String);

impl WishNote {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 2000;

    /// Parses a note. Line breaks become `\n`: browsers submit them as `\r\n`. Tabs and lone carriage returns, which cells
    /// pasted from a spreadsheet contain, become spaces.
    pub fn parse(text: &str) -> Option<Self> {
        let note = text.replace("\r\n", "\n").replace(['\t', '\r'], " ");
        let bad = |c: char| c != '\n' && is_not_text(c);
        let good = note.chars().count() <= Self::MAX_LENGTH && !note.chars().any(bad);
        good.then_some(Self(note))
    }

    /// The note; may be empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and the replacement character for bytes that are not UTF-8. Invisible characters are permitted in a
/// note: it is running text, which only its owner reads.
fn is_not_text(c: char) -> bool {
    c.is_control() || c == char::REPLACEMENT_CHARACTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_visible_line() {
        assert_eq!(WishTitle::parse("  See Oslo ").unwrap().as_str(), "See Oslo");
        for good in ["x", "<script>alert(1)</script>", "北京 🚂", &"é".repeat(200)] {
            assert!(WishTitle::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "  ",
            "a\nb",
            "a\tb",
            "a\0",
            "a\u{fffd}",
            "a\u{85}b",
            "\u{200b}",
            "a\u{2028}b",
            "\u{202e}a",
            "\u{fffe}",
            &"é".repeat(201),
        ] {
            assert!(WishTitle::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_note_may_have_line_breaks_but_no_other_control_characters() {
        assert_eq!(WishNote::parse("a\r\nb\n\n").unwrap().as_str(), "a\nb\n\n");
        assert_eq!(WishNote::parse("a\tb\rc\r\r\n").unwrap().as_str(), "a b c \n");
        for good in ["", &"é".repeat(2000), &"\r\n".repeat(2000)] {
            assert!(WishNote::parse(good).is_some());
        }
        for bad in ["a\u{b}b", "a\u{1b}[31m", "\0", &"é".repeat(2001)] {
            assert!(WishNote::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_has_exactly_one_spelling() {
        assert_eq!(WishId::parse("17").map(WishId::get), Some(17));
        for bad in ["", "0", "-1", "+1", "01", "x", "9223372036854775808"] {
            assert_eq!(WishId::parse(bad), None, "{bad:?}");
        }
    }
}
