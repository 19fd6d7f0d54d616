//! Search keys: texts folded so that a search ignores case, the form of characters and invisible ones, in every script. Folded
//! here and not by PostgreSQL, whose result would depend on the locale and the version of the server.

use super::default_ignorable::is_default_ignorable;
use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Maximum length in bytes of a stored key. Compatibility characters may expand to eighteen others, and an index entry has a
/// maximum size.
const MAX_STORED_LENGTH: usize = 2_000;

/// Separates the fields of a stored key. No text to search for contains it, so a match never spans two fields.
const SEPARATOR: &str = "\n";

/// Folds a text: equal results for texts that are equal by compatibility caseless matching (Unicode, D146), without invisible
/// characters and with single spaces.
pub fn fold(text: &str) -> String {
    let mapper = CaseMapper::new();
    let visible: String = text.chars().filter(|c| !is_default_ignorable(*c)).collect();
    let canonical = DecomposingNormalizerBorrowed::new_nfd().normalize(&visible);
    let folded = mapper.fold_string(&canonical);
    let compatible = DecomposingNormalizerBorrowed::new_nfkd().normalize(&folded);
    let folded = mapper.fold_string(&compatible);
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&folded);
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a stored key must contain to match a search text. A text of invisible characters only, which would fold to the empty
/// string, matches nothing.
pub fn wanted_part(text: &str) -> String {
    let folded = fold(text);
    if folded.is_empty() {
        text.to_owned()
    } else {
        folded
    }
}

/// The stored key of these fields.
pub fn stored_key(fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| fold(field)).collect();
    let mut key = fields.join(SEPARATOR);
    key.truncate(key.floor_char_boundary(MAX_STORED_LENGTH));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_case_form_or_invisible_characters_are_equal() {
        for (one, other) in [
            ("Ärla", "ärLA"),
            ("Ирина", "ИРИНА"),
            ("JOSÉ", "jose\u{301}"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Århus", "A\u{30a}RHUS"),
            ("STRASSE", "straße"),
            ("Ǆ", "ǆ"),
            ("ＡＮＮ", "ann"),
            ("ﬁne", "FINE"),
            ("  a\u{a0}\u{2003}b ", "A B"),
            ("A\u{ad}nn", "ann"),
            ("می\u{200c}نا", "مینا"),
            ("\u{1e9e}", "SS"),
            ("Ⅻ", "xii"),
            ("ᾳ", "ΑΙ"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("jose"), fold("josé"));
        for text in ["ΣΊΣΥΦΟΣ", "ΐ", "İ", "ﬃ", "\u{345}\u{301}", "가", "ṩ̇"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }

    #[test]
    fn stored_keys_are_bounded() {
        let key = stored_key(&["a@example.org", &"\u{fdfa}".repeat(100)]);
        assert!(key.len() <= MAX_STORED_LENGTH && key.starts_with("a@example.org\n"));
    }
}
