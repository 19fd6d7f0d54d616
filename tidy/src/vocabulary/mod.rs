//! Rule: names, doc comments and published texts use the field's terms; `terms.rs` lists the words that may not come back.

mod names;
mod terms;
mod texts;

use crate::{finding::Finding, tree::Tree};

const RULE: &str = "vocabulary";

/// Files about injected faults may call them so.
const INJECTED: &str = "fault";

/// Checks all names and texts.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        let is_allowed = |word: &terms::Term| path.contains(INJECTED) && word.word.starts_with(INJECTED);
        let name = path.rsplit('/').next().unwrap_or_default();
        if let Some(word) = terms::in_file_name(name).filter(|word| !is_allowed(word)) {
            findings.push(finding(path, 1, &format!("`{name}`"), word));
        }
        if path.ends_with(".rs") {
            for (name, line) in names::items(text) {
                if let Some(word) = terms::in_name(&name).filter(|word| !is_allowed(word)) {
                    findings.push(finding(path, line, &format!("`{name}`"), word));
                }
            }
        }
        for (number, line) in texts::prose(path, text) {
            for word in terms::in_text(&line).filter(|word| !is_allowed(word)) {
                findings.push(finding(path, number, &format!("\"{}\"", word.word), word));
            }
        }
    }
    findings
}

fn finding(path: &str, line: usize, found: &str, word: &terms::Term) -> Finding {
    let what = format!("{found}: say {}", word.instead);
    Finding::new(RULE, path, line, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_word_is_found_in_names_comments_and_documents() {
        let tree = Tree::of(&[
            ("a.rs", "//! One.\n\n/// Whoever calls.\nfn send_messenger() {}\n"),
            ("b.md", "A law, `law` and a lawful act.\n"),
            ("c.txt", "A law.\n"),
            ("house/words.rs", "//! One.\n"),
            ("x.feature", "Feature: X\n  Scenario: No doors\n"),
        ]);
        let found: Vec<String> = check(&tree)
            .iter()
            .map(|finding| format!("{}:{}", finding.path, finding.line))
            .collect();
        assert_eq!(
            found,
            ["a.rs:4", "a.rs:3", "b.md:1", "house/words.rs:1", "x.feature:2"]
        );
    }
}
