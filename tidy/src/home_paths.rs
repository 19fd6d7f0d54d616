//! Rule: no file contains a path below a home directory; it would work on one machine only.

use super::{finding::Finding, tree::Tree};

/// Concatenated, so that this file follows its own rule.
const HOMES: [&str; 3] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

/// Exceptions, with the reason.
const ALLOWED: &[(&str, &str)] = &[];

/// Checks every text file, line by line.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|(path, _)| ALLOWED.iter().all(|(allowed, _)| allowed != path))
        .flat_map(|(path, text)| {
            (1..).zip(text.lines()).filter_map(move |(number, line)| {
                let home = HOMES.iter().find(|home| names(line, home))?;
                Some(Finding::new(
                    "home_paths",
                    path,
                    number,
                    format!("a path below {home}"),
                ))
            })
        })
        .collect()
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

    #[test]
    fn finds_absolute_homes_and_no_others() {
        let [home, root, _] = HOMES;
        let text = format!("a {home}dev/x\nb\n\"{root}.cargo\"\nhttps://example.org{home}x\n${{X}}{home}\n");
        let found: Vec<usize> = check(&Tree::of(&[("a.md", &text)]))
            .into_iter()
            .map(|found| found.line)
            .collect();
        assert_eq!(found, [1, 3]);
    }
}
