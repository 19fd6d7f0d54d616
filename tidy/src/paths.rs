//! Rule: paths in documents and in CODEOWNERS exist.

use super::{
    finding::Finding,
    tree::{CANARIES, Tree},
};

const RULE: &str = "paths";

const OWNERS: &str = ".github/CODEOWNERS";

/// Describes the past.
const CHANGELOG: &str = "CHANGELOG.md";

/// Checks paths in backticks and links, and the patterns in CODEOWNERS.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (number, line) in (1..).zip(text.lines()) {
            let missing: Vec<&str> = match path {
                OWNERS => owned(line).filter(|named| !is_there(tree, named)).collect(),
                _ if path.ends_with(".md") && path != CHANGELOG => missing(tree, path, line),
                _ => break,
            };
            let finding = |named| Finding::new(RULE, path, number, format!("there is no `{named}`"));
            findings.extend(missing.into_iter().map(finding));
        }
    }
    findings
}

/// A pattern from the root.
fn owned(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
        .next()
        .and_then(|pattern| pattern.strip_prefix('/'))
        .into_iter()
}

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
    match (below, is_source) {
        (true, _) => is_there(tree, named),
        (false, true) if !named.contains('*') => {
            let end = format!("/{named}");
            tree.files()
                .any(|(path, _)| path == named || path.ends_with(&end))
        }
        _ => true,
    }
}

/// A file, a folder, or, up to a `*`, the beginning of one.
fn is_there(tree: &Tree, named: &str) -> bool {
    let (start, rest) = named
        .split_once('*')
        .map_or((named, None), |(start, rest)| (start, Some(rest)));
    let folder = format!("{}/", start.trim_end_matches('/'));
    start.starts_with(CANARIES)
        || CANARIES.starts_with(&folder)
        || tree.files().any(|(path, _)| match rest {
            Some(_) => path.starts_with(start),
            None => path == start || path.starts_with(&folder),
        })
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
        let tree = Tree::of(&[
            (path, text),
            ("features/features/web.feature", ""),
            ("service/src/db/pool.rs", ""),
        ]);
        check(&tree).into_iter().map(|finding| finding.what).collect()
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
        assert_eq!(
            found("docs/a.md", text).len(),
            4,
            "{:?}",
            found("docs/a.md", text)
        );
        assert_eq!(found(OWNERS, "/service/gone/ @b\n").len(), 1);
    }
}
