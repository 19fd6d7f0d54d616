//! One line of visible text: the rule that names and titles share.

use super::default_ignorable::is_default_ignorable;
use icu_properties::props::{GeneralCategory, PrependedConcatenationMark};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::fmt;

/// Why a text is not one line of visible text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It is empty, or nothing but white space.
    Empty,
    /// It has more characters than permitted.
    Long,
    /// It contains this character, which is invisible or a control character.
    Hidden(char),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::Long => f.write_str("has too many characters"),
            Self::Hidden(c) => write!(
                f,
                "must not contain U+{:04X} there, which is invisible or a control character",
                u32::from(*c)
            ),
        }
    }
}

/// The text without surrounding white space, if each of its characters is visible or a space: what is shown in lists,
/// pages and mails must be what it looks like. Joiners are accepted between two characters beyond ASCII, and a variation
/// selector after a visible character, because Persian, Sinhala and emoji need them (UAX #31 §2.3, UTS #51).
///
/// # Errors
/// The first rule that the text breaks.
pub fn visible_line(text: &str, max_length: usize) -> Result<&str, LineError> {
    let line = text.trim_matches(is_blank);
    if line.is_empty() {
        return Err(LineError::Empty);
    }
    let mut rest = line.chars();
    // The character that a joiner or a selector would follow; no joiner follows another.
    let (mut base, mut is_selected) = (None, false);
    while let Some(c) = rest.next() {
        let permitted = if is_joiner(c) {
            let next = rest.clone().next();
            base.is_some_and(can_be_joined) && next.is_some_and(can_be_joined)
        } else if is_variation_selector(c) {
            base.is_some_and(is_visible) && !is_selected
        } else {
            is_visible(c) || is_space(c)
        };
        if !permitted {
            return Err(LineError::Hidden(c));
        }
        is_selected = is_variation_selector(c);
        if !is_selected {
            base = Some(c).filter(|c| !is_joiner(*c));
        }
    }
    // As received, which is what a JSON schema's `maxLength` counts.
    if text.chars().count() > max_length {
        return Err(LineError::Long);
    }
    Ok(line)
}

/// The same rule as a regular expression, for characters up to U+FFFF: those that are not there are invisible ones of rare
/// scripts. Only escapes that ECMA 262, Python and Rust share.
pub fn visible_line_pattern() -> String {
    let visible = format!("[^\\x00-\\x20\\x7f-\\xa0{HIDDEN}]");
    let joined = format!("[^\\x00-\\xa0{HIDDEN}]");
    let selector = "[\\u180b-\\u180d\\u180f\\ufe00-\\ufe0f]";
    let cluster =
        format!("(?:{visible}{selector}?|{joined}{selector}?(?:[\\u200c\\u200d]{joined}{selector}?)+)");
    let trimmed = format!("[\\t-\\r\\x85\\u2028\\u2029{SPACES}]*");
    format!("^{trimmed}{cluster}(?:[{SPACES}]*{cluster})*{trimmed}$")
}

/// White space that a line may contain, for use inside the brackets of a pattern.
const SPACES: &str = " \\xa0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u2800\\u3000";

/// Characters beyond U+00A0 that are white space, invisible, or no characters, for the same use.
const HIDDEN: &str = concat!(
    "\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f",
    "\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffd-\\uffff"
);

fn can_be_joined(c: char) -> bool {
    !c.is_ascii() && is_visible(c)
}

/// Neither white space, nor a control or invisible character, nor one of the codes that are no characters. The replacement
/// character stands for bytes that were no UTF-8.
fn is_visible(c: char) -> bool {
    let is_no_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    !(is_blank(c)
        || c.is_control()
        || is_default_ignorable(c)
        || is_format(c)
        || is_no_character
        || c == char::REPLACEMENT_CHARACTER)
}

/// White space, or the Braille pattern without dots, which looks the same and is none by its properties.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

fn is_space(c: char) -> bool {
    is_blank(c) && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A format character, such as the marks around annotated text. Those that enclose or precede a number are visible.
fn is_format(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
        && !CodePointSetData::new::<PrependedConcatenationMark>().contains(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn text_of_any_script_is_accepted_and_trimmed() {
        for good in [
            "Ann",
            "Dr. O'Neill-Smith",
            "李小龙",
            "علی\u{200c}رضا",
            "ක්\u{200d}රිස්ටීන්",
            "Zoë ❤\u{fe0f}",
            "👩\u{200d}🚀 Nia",
            "👁\u{fe0f}\u{200d}🗨\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "葛\u{e0100}城",
            "⠓⠊\u{2800}⠁⠝⠝",
            "\u{6dd}٣",
            "<script>alert(1)</script>",
        ] {
            assert_eq!(visible_line(good, 40), Ok(good));
            let padded = format!("\u{2029} {good}\t\u{a0}\r\n");
            assert_eq!(visible_line(&padded, 40), Ok(good));
        }
    }

    #[test]
    fn hidden_characters_are_named() {
        for (bad, hidden) in [
            ("a\nb", '\n'),
            ("a\tb", '\t'),
            ("a\0", '\0'),
            ("a\u{2028}b", '\u{2028}'),
            ("\u{202e}nnA", '\u{202e}'),
            ("Ann\u{200b}", '\u{200b}'),
            ("A\u{ad}nn", '\u{ad}'),
            ("\u{3164}", '\u{3164}'),
            ("Ann\u{fff9}Eve\u{fffb}", '\u{fff9}'),
            ("\u{13430}", '\u{13430}'),
            ("é\u{200d}\u{2800}", '\u{200d}'),
            ("\u{e0041}nn", '\u{e0041}'),
            ("\u{fffe}", '\u{fffe}'),
            ("a\u{fffd}", '\u{fffd}'),
            ("A\u{200d}nn", '\u{200d}'),
            ("é\u{200d}", '\u{200d}'),
            ("\u{200c}é", '\u{200c}'),
            ("é\u{200d}\u{200d}é", '\u{200d}'),
            ("é \u{200d}é", '\u{200d}'),
            ("\u{fe0f}", '\u{fe0f}'),
            ("a \u{fe0f}", '\u{fe0f}'),
            ("a\u{fe0f}\u{fe0f}", '\u{fe0f}'),
        ] {
            assert_eq!(visible_line(bad, 40), Err(LineError::Hidden(hidden)), "{bad:?}");
        }
        for blank in ["", " \n", "\u{2800}\u{2800}", "\u{a0}\u{2800} "] {
            assert_eq!(visible_line(blank, 40), Err(LineError::Empty), "{blank:?}");
        }
        assert_eq!(visible_line(&"é".repeat(41), 40), Err(LineError::Long));
        assert!(visible_line(&"é".repeat(40), 40).is_ok());
        assert_eq!(visible_line(&" ".repeat(41), 40), Err(LineError::Empty));
        assert_eq!(
            visible_line(&format!("{} ", "é".repeat(40)), 40),
            Err(LineError::Long)
        );
        let error = LineError::Hidden('\u{202e}').to_string();
        assert!(error.starts_with("must not contain U+202E"), "{error}");
    }

    #[test]
    fn the_pattern_is_the_same_rule() {
        let pattern = Regex::new(&visible_line_pattern()).unwrap();
        for c in '\0'..='\u{ffff}' {
            let texts = [
                format!("{c}"),
                format!("a{c}b"),
                format!("é{c}ü"),
                format!("é\u{200d}{c}"),
                format!("\u{2029}é{c} "),
                format!("é{c}\u{fe0f}ü"),
            ];
            for text in texts {
                let accepted = visible_line(&text, 40).is_ok();
                assert_eq!(pattern.is_match(&text), accepted, "{text:?}");
            }
        }
    }
}
