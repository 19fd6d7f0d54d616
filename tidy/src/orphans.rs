//! Rule: every Rust file of a crate is a module of it; a file that no `mod` declares is neither compiled nor checked.

use std::collections::HashSet;

use crate::finding::Findings;
use crate::modules::{modules, roots};
use crate::tokens::Tests;
use crate::tree::Tree;

/// Checks every `.rs` file inside a crate. `#[path]` is not followed.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    let roots = roots(tree);
    let modules = roots.iter().flat_map(|root| modules(tree, root, Tests::Included));
    let reached: HashSet<String> = modules.map(|module| module.file).collect();
    let crates: Vec<String> = tree.crates().iter().map(|folder| format!("{folder}/")).collect();
    for (path, _) in tree.rust_files() {
        if crates.iter().any(|folder| path.starts_with(folder)) && !reached.contains(path) {
            findings.add(path, 1, "no `mod` declares this file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found;

    #[test]
    fn an_undeclared_file_is_found() {
        let files = [
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
            ("a/src/main.rs", "mod x; #[cfg(test)] mod y;"),
            ("a/src/x.rs", ""),
            ("a/src/y.rs", ""),
            ("a/src/z.rs", ""),
            ("a/tests/t.rs", ""),
            ("a/build.rs", ""),
        ];
        assert_eq!(
            found(check, &files),
            ["a/src/z.rs:1: no `mod` declares this file"]
        );
    }
}
