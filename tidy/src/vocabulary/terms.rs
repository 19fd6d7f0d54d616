//! Words that may not come back, each with the field's terms: the list in `terms.txt`, and how a name or text is searched.

use std::sync::LazyLock;

/// A word or phrase, and the terms to use instead.
pub(super) struct Term {
    /// In lower case; in names it is compared with their segments.
    pub word: &'static str,
    pub instead: &'static str,
    /// Phrases and names in which it is the ordinary term.
    unless: Vec<&'static str>,
    /// Where it may not occur.
    scope: &'static str,
}

static TERMS: LazyLock<Vec<Term>> = LazyLock::new(|| {
    let lines = include_str!("terms.txt").lines();
    lines.filter_map(parse).collect()
});

fn parse(line: &'static str) -> Option<Term> {
    let mut columns = line.split('|').map(str::trim);
    let (word, scope, instead) = (columns.next()?, columns.next()?, columns.next()?);
    let unless = columns.next().into_iter().flat_map(|phrases| phrases.split(", "));
    let is_comment = line.starts_with('#');
    (!is_comment).then(|| Term {
        word,
        instead,
        unless: unless.collect(),
        scope,
    })
}

/// The first listed word in an identifier, by its segments.
pub(super) fn in_name(name: &str) -> Option<&'static Term> {
    find(&segments(name), &["everywhere", "names"], '_').next()
}

/// The first listed word in the name of a file or folder.
pub(super) fn in_file_name(name: &str) -> Option<&'static Term> {
    let name = segments(&name.replace(['-', '.'], "_"));
    find(&name, &["everywhere", "names", "files"], '_').next()
}

/// The listed words in a line of prose.
pub(super) fn in_text(line: &str) -> Vec<&'static Term> {
    find(&plain(line), &["everywhere", "texts"], ' ').collect()
}

fn find(text: &str, scopes: &[&str], separator: char) -> impl Iterator<Item = &'static Term> {
    let of_scope = TERMS.iter().filter(move |term| scopes.contains(&term.scope));
    of_scope.filter(move |term| contains(text, term, separator))
}

/// Whether a word is left when the phrases in which it is fine are taken out.
fn contains(text: &str, word: &Term, separator: char) -> bool {
    let spaced = |words: &str| {
        let own = words.replace(['_', ' '], &separator.to_string());
        format!("{separator}{own}{separator}")
    };
    let mut text = text.to_owned();
    for fine in &word.unless {
        text = text.replace(&spaced(fine), &format!("{separator}·{separator}"));
    }
    text.contains(&spaced(word.word))
}

/// `MaxDoors`, `MAX_DOORS` → `_max_doors_`.
fn segments(name: &str) -> String {
    let mut segments = String::from("_");
    let mut before_is_lower = false;
    for character in name.chars() {
        if character.is_uppercase() && before_is_lower {
            segments.push('_');
        }
        before_is_lower = character.is_lowercase() || character.is_numeric();
        segments.extend(character.to_lowercase());
    }
    segments.push('_');
    segments
}

/// Lower case, one space between words, nothing else but hyphens and digits; what is in backticks is left out.
fn plain(line: &str) -> String {
    let prose = line.split('`').step_by(2).collect::<Vec<&str>>().join(" ");
    let words = prose.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_only_grows() {
        assert!(TERMS.len() >= 56, "{} words", TERMS.len());
        for Term { word, scope, .. } in TERMS.iter() {
            assert!(
                ["everywhere", "names", "texts", "files"].contains(scope),
                "{word}"
            );
        }
    }

    #[test]
    fn names_are_compared_by_their_segments() {
        for (name, word) in [
            ("open_door", Some("door")),
            ("OpenDoor", Some("door")),
            ("MAX_DOORS", Some("doors")),
            ("shown_the_door", Some("door")),
            ("adorable", None),
            ("first_seen", None),
            ("FaultInjection", None),
            ("SmtpFault", Some("fault")),
            ("words", None),
        ] {
            assert_eq!(in_name(name).map(|term| term.word), word, "{name}");
        }
        assert_eq!(in_file_name("words.rs").map(|term| term.word), Some("words"));
    }

    #[test]
    fn prose_is_compared_by_whole_terms_without_quoted_code() {
        for (line, words) in [
            ("Whoever knocks at the door:", &["door", "whoever"][..]),
            ("`door` is adorable; a RESTful API, in turn.", &[]),
            ("Ten letters and digits.", &[]),
            ("Ten letters, and digits.", &[]),
            ("Ten letters.", &["letters"]),
            ("It takes\tA  Look.", &["a look"]),
        ] {
            let found: Vec<&str> = in_text(line).iter().map(|term| term.word).collect();
            assert_eq!(found, words, "{line}");
        }
    }
}
