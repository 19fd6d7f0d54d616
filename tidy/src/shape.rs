//! Law: a Rust file's first line says its one job, and the file has at most 400 lines, inline tests at its end not counted.

use super::{finding::Finding, tree::Tree};

const LAW: &str = "shape";
/// Above this a file is reported as a note.
const SOFT_LINES: usize = 300;
/// Above this it is a finding.
const MAX_LINES: usize = 400;

/// Diesel writes this one.
const GENERATED: &str = "schema.rs";

/// Checks every `.rs` file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| !is_generated(path)) {
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
        findings.extend(too_long(path, text, MAX_LINES));
    }
    findings
}

/// Files above the soft limit that are not above the hard one.
pub(super) fn notes(tree: &Tree) -> Vec<Finding> {
    tree.rust_files()
        .filter(|(path, text)| !is_generated(path) && too_long(path, text, MAX_LINES).is_none())
        .filter_map(|(path, text)| too_long(path, text, SOFT_LINES))
        .collect()
}

fn is_generated(path: &str) -> bool {
    path.rsplit('/').next() == Some(GENERATED)
}

fn too_long(path: &str, text: &str, limit: usize) -> Option<Finding> {
    let lines = lines_without_tests(text);
    (lines > limit).then(|| {
        let what = format!("{lines} lines without tests, at most {limit}: which second job can leave?");
        Finding::new(LAW, path, limit + 1, what)
    })
}

/// The lines before the module of tests that ends the file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
    let ends_with_tests =
        |start: &usize| lines[*start..].iter().position(|line| *line == "}") == Some(lines.len() - 1 - start);
    tests.filter(ends_with_tests).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(findings: Vec<Finding>) -> Vec<(String, usize)> {
        findings
            .into_iter()
            .map(|found| (found.path, found.line))
            .collect()
    }

    #[test]
    fn a_missing_header_and_a_long_file_are_found() {
        let of = |lines: usize| format!("//! Long.\n{}", "\n".repeat(lines - 1));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(500));
        let (just, long) = (of(400), of(401));
        let (tested, middle) = (of(300) + &tests, of(200) + &tests + &of(200));
        let tree = Tree::of(&[
            ("a.rs", "//! A.\n"),
            ("b.rs", "use x;\n//! B.\n"),
            ("c.rs", ""),
            ("d.rs", "//!\n//! D.\n"),
            ("just.rs", &just),
            ("long.rs", &long),
            ("middle.rs", &middle),
            ("tested.rs", &tested),
            ("db/schema.rs", &long[1..]),
        ]);
        let at = |path: &str, line: usize| (path.to_owned(), line);
        assert_eq!(
            found(check(&tree)),
            [
                at("b.rs", 1),
                at("c.rs", 1),
                at("d.rs", 1),
                at("long.rs", 401),
                at("middle.rs", 401)
            ]
        );
        assert_eq!(found(notes(&tree)), [at("just.rs", 301)]);
    }
}
