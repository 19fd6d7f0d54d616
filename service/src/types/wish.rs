//! A wish: its number, its title, the note to it.
use super::default_ignorable::is_default_ignorable;
use std::fmt;

/// The number of a wish. Positive, never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WishId(i64);

impl WishId {
    /// A number that the database gave.
    pub fn of(number: i64) -> Self {
        Self(number)
    }

    /// Digits only, 1 to 2^63 - 1, without leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|number| digits && *number > 0).map(Self)
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for WishId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is wished for: 1 to 200 characters on one line, something of which is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishTitle(String);

impl WishTitle {
    /// The longest title, in characters.
    pub const LONGEST: usize = 200;

    /// Parses a title; white space around it is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let title = text.trim();
        let good = (1..=Self::LONGEST).contains(&title.chars().count())
            && !title.chars().any(is_no_text)
            && !title
                .chars()
                .all(|c| is_default_ignorable(c) || c.is_whitespace());
        good.then(|| Self(title.to_owned()))
    }

    /// The title.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// More about a wish: up to 2000 characters on any number of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WishNote(String);

impl WishNote {
    /// The longest note, in characters.
    pub const LONGEST: usize = 2000;

    /// Parses a note. Every line end becomes `\n`: a browser sends `\r\n` for what was typed as one.
    pub fn parse(text: &str) -> Option<Self> {
        let note = text.replace("\r\n", "\n");
        let bad = |c: char| c != '\n' && is_no_text(c);
        let good = note.chars().count() <= Self::LONGEST && !note.chars().any(bad);
        good.then_some(Self(note))
    }

    /// The note; empty where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters; and what stands for bytes that were no UTF-8. Others may be as they like: only their owner reads them.
fn is_no_text(c: char) -> bool {
    c.is_control() || c == char::REPLACEMENT_CHARACTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_of_text() {
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
            &"é".repeat(201),
        ] {
            assert!(WishTitle::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_note_has_lines_and_no_other_control_character() {
        assert_eq!(WishNote::parse("a\r\nb\n\n").unwrap().as_str(), "a\nb\n\n");
        for good in ["", &"é".repeat(2000), &"\r\n".repeat(2000)] {
            assert!(WishNote::parse(good).is_some());
        }
        for bad in ["a\rb", "a\tb", "a\u{1b}[31m", "\0", &"é".repeat(2001)] {
            assert!(WishNote::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn one_spelling_a_number() {
        assert_eq!(WishId::parse("17").map(WishId::get), Some(17));
        for bad in ["", "0", "-1", "+1", "01", "x", "9223372036854775808"] {
            assert_eq!(WishId::parse(bad), None, "{bad:?}");
        }
    }
}
