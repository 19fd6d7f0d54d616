//! Rule: names, doc comments and published texts use the field's terms; `terms.txt` lists the words that may not come back.

mod terms;
mod texts;

use crate::finding::Findings;
use crate::items;
use crate::tokens::{Tests, tokens};
use crate::tree::{Tree, file_name};
use terms::{Term, in_file_name, in_name, in_text};

/// Files about injected faults may call them so.
const INJECTED: &str = "fault";

/// Checks all names and texts. Tests count as well: their names are documentation.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for (path, text) in tree.files() {
        let mut add = |line: usize, found: String, term: &Term| {
            if !(path.contains(INJECTED) && term.word.starts_with(INJECTED)) {
                findings.add(path, line, format!("{found}: say {}", term.instead));
            }
        };
        let name = file_name(path);
        if let Some(term) = in_file_name(name) {
            add(1, format!("`{name}`"), term);
        }
        if path.ends_with(".rs") {
            let tokens = tokens(text, Tests::Included);
            for name in items::names(&tokens).into_iter().map(|at| &tokens[at]) {
                if let Some(term) = in_name(&name.text) {
                    add(name.line, format!("`{}`", name.text), term);
                }
            }
        }
        for (number, line) in texts::prose(path, text) {
            for term in in_text(&line) {
                add(number, format!("\"{}\"", term.word), term);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    #[test]
    fn a_listed_word_is_found_in_names_comments_and_documents() {
        let files = [
            ("a.rs", "//! One.\n\n/// Whoever calls.\nfn send_messenger() {}\n"),
            ("b.md", "A law, `law` and a lawful act.\n"),
            ("c.txt", "A law.\n"),
            ("house/words.rs", "//! One.\n"),
            ("x.feature", "Feature: X\n  Scenario: No doors\n"),
        ];
        assert_eq!(
            places(check, &files),
            ["a.rs:3", "a.rs:4", "b.md:1", "house/words.rs:1", "x.feature:2"]
        );
    }
}
