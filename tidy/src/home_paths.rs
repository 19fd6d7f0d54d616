//! Rule: no file contains a path below a home directory; it would work on one machine only.

use crate::{finding::Findings, tree::Tree};

/// Concatenated, so that this file follows its own rule.
const HOMES: [&str; 3] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

/// Checks every text file, line by line.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for (path, number, line) in tree.lines(|_| true) {
        if let Some(home) = HOMES.iter().find(|home| names(line, home)) {
            findings.add(path, number, format!("a path below {home}"));
        }
    }
}

/// Whether an absolute path in the line starts with `home`; `https://host/home/` does not.
fn names(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || ['.', '}', ']', '-', '_', ')'].contains(&c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    #[test]
    fn finds_absolute_homes_and_no_others() {
        let [home, root, _] = HOMES;
        let text = format!("a {home}dev/x\nb\n\"{root}.cargo\"\nhttps://example.org{home}x\n${{X}}{home}\n");
        assert_eq!(places(check, &[("a.md", &text)]), ["a.md:1", "a.md:3"]);
    }
}
