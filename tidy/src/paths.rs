//! Rule: paths in documents and in CODEOWNERS exist.

use crate::finding::Findings;
use crate::tree::{CANARIES, Tree};

const OWNERS: &str = ".github/CODEOWNERS";

/// Describes the past.
const CHANGELOG: &str = "CHANGELOG.md";

/// Checks paths in backticks and links, and the patterns in CODEOWNERS.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    let is_checked = |path: &str| path == OWNERS || path.ends_with(".md") && path != CHANGELOG;
    for (path, number, line) in tree.lines(is_checked) {
        let missing = if path == OWNERS {
            owned(line)
                .filter(|named| !is_there(tree, named))
                .into_iter()
                .collect()
        } else {
            missing(tree, path, line)
        };
        for named in missing {
            findings.add(path, number, format!("there is no `{named}`"));
        }
    }
}

/// A pattern from the root.
fn owned(line: &str) -> Option<&str> {
    line.split_whitespace().next()?.strip_prefix('/')
}

/// The paths that a line of a document names although they do not exist.
fn missing<'a>(tree: &Tree, path: &str, line: &'a str) -> Vec<&'a str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let quoted = quoted.filter(|named| is_path(named) && !is_known(tree, named));
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let linked = linked.filter_map(|link| link.split('#').next());
    let linked = linked.filter(|link| !link.is_empty() && !link.contains(':'));
    let linked = linked.filter(|link| !resolved(path, link).is_some_and(|named| is_there(tree, &named)));
    quoted.chain(linked).collect()
}

/// Not a command or a placeholder.
fn is_path(named: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./*-".contains(letter);
    !named.is_empty() && named.chars().all(plain)
}

/// A path from the root if it starts with one of the top-level folders; Rust files and features may be named by their last parts.
fn is_known(tree: &Tree, named: &str) -> bool {
    let below = named
        .split_once('/')
        .is_some_and(|(top, _)| is_there(tree, &format!("{top}/")));
    let is_source = [".rs", ".feature"]
        .iter()
        .any(|end| named.len() > end.len() && named.ends_with(end));
    if below {
        is_there(tree, named)
    } else if is_source && !named.contains('*') {
        let end = format!("/{named}");
        tree.files()
            .any(|(path, _)| path == named || path.ends_with(&end))
    } else {
        true
    }
}

/// A file, a folder, or, up to a `*`, the beginning of one.
fn is_there(tree: &Tree, named: &str) -> bool {
    let (start, is_pattern) = named
        .split_once('*')
        .map_or((named, false), |(start, _)| (start, true));
    let folder = format!("{}/", start.trim_end_matches('/'));
    let is_it = |path: &str| path == start || path.starts_with(if is_pattern { start } else { &folder });
    start.starts_with(CANARIES) || CANARIES.starts_with(&folder) || tree.files().any(|(path, _)| is_it(path))
}

/// The path from the root of what a link in this file leads to.
fn resolved(path: &str, link: &str) -> Option<String> {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    for name in link.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = [
            (path, text),
            ("features/features/web.feature", ""),
            ("service/src/db/pool.rs", ""),
        ];
        crate::finding::found(check, &files)
    }

    #[test]
    fn existing_paths_are_found_in_every_form() {
        let text = "`features/features/web.feature` `service/src/` `service/src/db/p*.rs` `db/pool.rs` `pool.rs` `cargo xtask x/y.rs`\n\
                    `gate/canaries/` `application/json` `NAME.toml` [a](../service/src/db/pool.rs#a) [b](https://x/y) [c](#c)\n";
        assert_eq!(found("docs/a.md", text), [""; 0]);
        assert_eq!(found("CHANGELOG.md", "`service/gone.rs`\n"), [""; 0]);
        assert_eq!(found(OWNERS, "* @a\n/service/src/ @b\n# /gone\n"), [""; 0]);
    }

    #[test]
    fn missing_paths_are_reported() {
        let text = "`features/web.feature` and `service/src/q*.rs`, `gone.rs`, [a](gone.md)\n";
        let missing = found("docs/a.md", text);
        assert_eq!(missing.len(), 4, "{missing:?}");
        assert_eq!(found(OWNERS, "/service/gone/ @b\n").len(), 1);
    }
}
