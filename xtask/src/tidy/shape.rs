//! Law: a Rust file's first line says its one job, and the file is at most 300 lines long.

use super::{finding::Finding, tree::Tree};

const LAW: &str = "shape";
const MOST_LINES: usize = 300;

/// Diesel writes this one.
const GENERATED: &str = "schema.rs";

/// Checks every `.rs` file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree
        .rust_files()
        .filter(|(path, _)| path.rsplit('/').next() != Some(GENERATED))
    {
        let job = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//!"))
            .unwrap_or_default();
        if job.trim().is_empty() {
            findings.push(Finding::new(
                LAW,
                path,
                1,
                "the first line is not a `//!` that says the file's one job",
            ));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            let what = format!("{lines} lines, at most {MOST_LINES}: which second job can leave?");
            findings.push(Finding::new(LAW, path, MOST_LINES + 1, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_missing_first_line_and_a_long_file() {
        let long = format!("//! Long.\n{}", "\n".repeat(300));
        let just = format!("//! Just.\n{}", "\n".repeat(299));
        let tree = Tree::of(&[
            ("a.rs", "//! A.\n"),
            ("b.rs", "use x;\n//! B.\n"),
            ("c.rs", ""),
            ("d.rs", "//!\n//! D.\n"),
            ("just.rs", &just),
            ("long.rs", &long),
            ("db/schema.rs", &long[1..]),
        ]);
        let found: Vec<(String, usize)> = check(&tree)
            .into_iter()
            .map(|found| (found.path, found.line))
            .collect();
        assert_eq!(
            found,
            [("b.rs", 1), ("c.rs", 1), ("d.rs", 1), ("long.rs", 301)].map(|(p, l)| (p.to_owned(), l))
        );
    }
}
