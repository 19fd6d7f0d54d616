//! Names of persons.

use super::default_ignorable::is_default_ignorable;

/// A name of 1 to 100 characters. Control characters are rejected because names appear in mail headers; invisible and
/// bidirectional formatting characters because they disguise names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Parses a name. Surrounding white space is trimmed.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let good = (1..=100).contains(&name.chars().count()) && !name.chars().any(is_hidden);
        good.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_default_ignorable(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | char::REPLACEMENT_CHARACTER)
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
