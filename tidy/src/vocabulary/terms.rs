//! Words that may not come back, each with the field's term. The list may only grow.

use Scope::{Everywhere, Files, Names, Texts};

/// A word or phrase, and the terms to use instead.
pub(super) struct Term {
    /// In lower case; in names it is compared with their segments.
    pub word: &'static str,
    pub instead: &'static str,
    /// Phrases and names in which it is the ordinary term.
    pub unless: &'static [&'static str],
    pub scope: Scope,
}

/// Where a word may not occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Everywhere,
    /// In prose it is ordinary English.
    Names,
    /// In names it is an ordinary term.
    Texts,
    /// As the name of a file or folder it says nothing.
    Files,
}

const fn term(
    scope: Scope,
    word: &'static str,
    instead: &'static str,
    unless: &'static [&'static str],
) -> Term {
    Term {
        word,
        instead,
        unless,
        scope,
    }
}

/// The list. Entries are never removed; an `unless` must be a term of the field.
pub(super) const TERMS: &[Term] = &[
    term(Everywhere, "anybody", "anyone, any client", &[]),
    term(Everywhere, "asked", "requested, queried, queued", &[]),
    term(
        Everywhere,
        "away",
        "unavailable",
        &[
            "right away",
            "give away",
            "take away",
            "takes away",
            "taken away",
            "away from zero",
        ],
    ),
    term(Everywhere, "circle", "cycle", &[]),
    term(Everywhere, "circles", "cycles", &[]),
    term(Everywhere, "come again", "retry", &[]),
    term(Everywhere, "comes back", "returns, recovers", &[]),
    term(Everywhere, "courtesy", "back-off", &[]),
    term(Everywhere, "crowd", "load, concurrent clients", &[]),
    term(Everywhere, "crowded", "under load", &[]),
    term(Everywhere, "dear", "expensive", &[]),
    term(Everywhere, "door", "executor, listener, login", &[]),
    term(Everywhere, "doors", "listeners, logins", &[]),
    term(Everywhere, "errand", "task", &[]),
    term(Everywhere, "errands", "tasks", &[]),
    term(Everywhere, "everybody", "everyone, every client, every user", &[]),
    term(
        Everywhere,
        "fault",
        "validation error, violation, failure",
        INJECTED,
    ),
    term(
        Everywhere,
        "faults",
        "validation errors, violations, failures",
        INJECTED,
    ),
    term(Everywhere, "house", "project", &[]),
    term(Everywhere, "kept", "retained, stored, cached", &[]),
    term(Everywhere, "law", "rule", &[]),
    term(Everywhere, "laws", "rules", &[]),
    term(Everywhere, "leavers", "disconnected clients", &[]),
    term(Everywhere, "letter", "mail; character", &["section letter"]),
    term(Everywhere, "letters", "mails; characters", ALPHABETIC),
    term(Names, "look", "scan, poll, query", &["look_up", "look_alike"]),
    term(Texts, "a look", "a scan, a poll, a check", &["a look-up"]),
    term(Names, "looks", "scans, appearance", &["looks_up"]),
    term(Everywhere, "luck", "jitter", &[]),
    term(Everywhere, "mended", "fixed", &[]),
    term(Everywhere, "messenger", "in-flight batch", &[]),
    term(Everywhere, "messengers", "in-flight batches", &[]),
    term(Everywhere, "newcomer", "registration; new contributor", &[]),
    term(Everywhere, "newcomers", "registrations; new contributors", &[]),
    term(Everywhere, "nobody", "no client, no one, unauthenticated", &[]),
    // "of one's own": apostrophes separate words.
    term(Texts, "of one s own", "private, dedicated", &[]),
    term(Everywhere, "originals", "the legacy system", &[]),
    term(Files, "people", "accounts, users", &[]),
    term(Names, "rest", "back-off, idle time", &[]),
    term(Texts, "rests", "backs off, sleeps", &[]),
    term(
        Everywhere,
        "room",
        "capacity, permit",
        &["make room", "makes room"],
    ),
    term(Everywhere, "said", "output, reported", &[]),
    term(
        Everywhere,
        "seen",
        "scan result, observed",
        &["first_seen", "first seen", "last seen"],
    ),
    term(Everywhere, "somebody", "someone, a user, a client", &[]),
    term(Everywhere, "stands", "is, is written", &["stands for"]),
    term(Everywhere, "stranger", "anonymous client, other user", &[]),
    term(Everywhere, "strangers", "anonymous clients, other users", &[]),
    term(Texts, "a stretch of", "a range of, a period of", &[]),
    term(Everywhere, "tell", "report, set, return, log", &["tell apart"]),
    term(
        Everywhere,
        "tells",
        "reports, sets, returns, logs",
        &["tells apart"],
    ),
    term(Everywhere, "ticket", "pending result", &[]),
    term(Everywhere, "told", "reported, set, returned, logged", &[]),
    term(Everywhere, "trouble", "error", &[]),
    term(
        Names,
        "turn",
        "position in the queue, back-off",
        &["turn_on", "turn_off"],
    ),
    term(Everywhere, "whoever", "the caller, the user who", &[]),
    term(Files, "words", "text, format, templates", &[]),
];

/// Injected faults are what they are called in the field.
const INJECTED: &[&str] = &[
    "fault injection",
    "fault_injection",
    "injected fault",
    "injected faults",
    "planted fault",
    "planted faults",
    "page faults",
    "plant a fault",
    "plants a fault",
];

/// Where the alphabet is meant.
const ALPHABETIC: &[&str] = &[
    "letters and digits",
    "letters or digits",
    // "letters, digits": punctuation is left out.
    "letters digits",
    "two letters",
    "letters of both cases",
    "lower-case letters",
    "upper-case letters",
];

/// The first listed word in an identifier, by its segments.
pub(super) fn in_name(name: &str) -> Option<&'static Term> {
    find(&segments(name), &[Everywhere, Names], '_').next()
}

/// The first listed word in the name of a file or folder.
pub(super) fn in_file_name(name: &str) -> Option<&'static Term> {
    let name = segments(&name.replace(['-', '.'], "_"));
    find(&name, &[Everywhere, Names, Files], '_').next()
}

/// The listed words in a line of prose.
pub(super) fn in_text(line: &str) -> Vec<&'static Term> {
    find(&plain(line), &[Everywhere, Texts], ' ').collect()
}

fn find(text: &str, scopes: &[Scope], separator: char) -> impl Iterator<Item = &'static Term> {
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
    for fine in word.unless {
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
