//! Words that may not come back, each with the field's term. The list may only grow.

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

const fn word(word: &'static str, instead: &'static str, unless: &'static [&'static str]) -> Term {
    Term {
        word,
        instead,
        unless,
        scope: Scope::Everywhere,
    }
}

const fn name(word: &'static str, instead: &'static str, unless: &'static [&'static str]) -> Term {
    Term {
        scope: Scope::Names,
        ..self::word(word, instead, unless)
    }
}

const fn phrase(word: &'static str, instead: &'static str, unless: &'static [&'static str]) -> Term {
    Term {
        scope: Scope::Texts,
        ..self::word(word, instead, unless)
    }
}

const fn file(word: &'static str, instead: &'static str) -> Term {
    Term {
        scope: Scope::Files,
        ..self::word(word, instead, &[])
    }
}

/// The list. Entries are never removed; an `unless` must be a term of the field.
pub(super) const TERMS: &[Term] = &[
    word("anybody", "anyone, any client", &[]),
    word("asked", "requested, queried, queued", &[]),
    word(
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
    word("circle", "cycle", &[]),
    word("circles", "cycles", &[]),
    word("come again", "retry", &[]),
    word("comes back", "returns, recovers", &[]),
    word("courtesy", "back-off", &[]),
    word("crowd", "load, concurrent clients", &[]),
    word("crowded", "under load", &[]),
    word("dear", "expensive", &[]),
    word("door", "executor, listener, login", &[]),
    word("doors", "listeners, logins", &[]),
    word("errand", "task", &[]),
    word("errands", "tasks", &[]),
    word("everybody", "everyone, every client, every user", &[]),
    word("fault", "validation error, violation, failure", INJECTED),
    word("faults", "validation errors, violations, failures", INJECTED),
    word("house", "project", &[]),
    word("kept", "retained, stored, cached", &[]),
    word("law", "rule", &[]),
    word("laws", "rules", &[]),
    word("leavers", "disconnected clients", &[]),
    word("letter", "mail; character", &["section letter"]),
    word("letters", "mails; characters", ALPHABETIC),
    name("look", "scan, poll, query", &["look_up", "look_alike"]),
    phrase("a look", "a scan, a poll, a check", &["a look-up"]),
    name("looks", "scans, appearance", &["looks_up"]),
    word("luck", "jitter", &[]),
    word("mended", "fixed", &[]),
    word("messenger", "in-flight batch", &[]),
    word("messengers", "in-flight batches", &[]),
    word("newcomer", "registration; new contributor", &[]),
    word("newcomers", "registrations; new contributors", &[]),
    word("nobody", "no client, no one, unauthenticated", &[]),
    // "of one's own": apostrophes separate words.
    phrase("of one s own", "private, dedicated", &[]),
    word("originals", "the legacy system", &[]),
    file("people", "accounts, users"),
    name("rest", "back-off, idle time", &[]),
    phrase("rests", "backs off, sleeps", &[]),
    word("room", "capacity, permit", &["make room", "makes room"]),
    word("said", "output, reported", &[]),
    word(
        "seen",
        "scan result, observed",
        &["first_seen", "first seen", "last seen"],
    ),
    word("somebody", "someone, a user, a client", &[]),
    word("stands", "is, is written", &["stands for"]),
    word("stranger", "anonymous client, other user", &[]),
    word("strangers", "anonymous clients, other users", &[]),
    phrase("a stretch of", "a range of, a period of", &[]),
    word("tell", "report, set, return, log", &["tell apart"]),
    word("tells", "reports, sets, returns, logs", &["tells apart"]),
    word("ticket", "pending result", &[]),
    word("told", "reported, set, returned, logged", &[]),
    word("trouble", "error", &[]),
    name(
        "turn",
        "position in the queue, back-off",
        &["turn_on", "turn_off"],
    ),
    word("whoever", "the caller, the user who", &[]),
    file("words", "text, format, templates"),
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
    find(name, &[Scope::Everywhere, Scope::Names])
}

/// The first listed word in the name of a file or folder.
pub(super) fn in_file_name(name: &str) -> Option<&'static Term> {
    find(name, &[Scope::Everywhere, Scope::Names, Scope::Files])
}

fn find(name: &str, scopes: &[Scope]) -> Option<&'static Term> {
    let name = segments(&name.replace(['-', '.'], "_"));
    TERMS
        .iter()
        .filter(|word| scopes.contains(&word.scope))
        .find(|word| contains(&name, word, '_'))
}

/// The listed words in a line of prose.
pub(super) fn in_text(line: &str) -> impl Iterator<Item = &'static Term> {
    let line = plain(line);
    TERMS
        .iter()
        .filter(|word| [Scope::Everywhere, Scope::Texts].contains(&word.scope))
        .filter(move |word| contains(&line, word, ' '))
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

    fn text(line: &str) -> Vec<&'static str> {
        in_text(line).map(|word| word.word).collect()
    }

    fn name(name: &str) -> Option<&'static str> {
        in_name(name).map(|word| word.word)
    }

    #[test]
    fn the_list_only_grows() {
        assert!(TERMS.len() >= 56, "{} words", TERMS.len());
    }

    #[test]
    fn names_are_compared_by_their_segments() {
        assert_eq!(name("open_door"), Some("door"));
        assert_eq!(name("OpenDoor"), Some("door"));
        assert_eq!(name("MAX_DOORS"), Some("doors"));
        assert_eq!(name("shown_the_door"), Some("door"));
        assert_eq!(name("adorable"), None);
        assert_eq!(name("first_seen"), None);
        assert_eq!(name("FaultInjection"), None);
        assert_eq!(name("SmtpFault"), Some("fault"));
        assert_eq!(name("words"), None);
        assert_eq!(in_file_name("words.rs").map(|word| word.word), Some("words"));
    }

    #[test]
    fn prose_is_compared_by_whole_terms_without_quoted_code() {
        assert_eq!(text("Whoever knocks at the door:"), ["door", "whoever"]);
        assert_eq!(text("`door` is adorable; a RESTful API, in turn."), [""; 0]);
        assert_eq!(text("Ten letters and digits."), [""; 0]);
        assert_eq!(text("Ten letters, and digits."), [""; 0]);
        assert_eq!(text("Ten letters."), ["letters"]);
        assert_eq!(text("It takes\tA  Look."), ["a look"]);
    }
}
