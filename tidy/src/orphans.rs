//! Rule: every Rust file of a crate is a module of it; a file that no `mod` declares is neither compiled nor checked.

use std::collections::HashSet;

use super::{
    finding::Finding,
    modules::{modules, roots},
    tokens::Tests,
    tree::Tree,
};

/// Checks every `.rs` file inside a crate. `#[path]` is not followed.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let reached: HashSet<String> = roots(tree)
        .iter()
        .flat_map(|root| modules(tree, root, Tests::Included))
        .map(|module| module.file)
        .collect();
    let crates: Vec<String> = tree.crates().iter().map(|folder| format!("{folder}/")).collect();
    tree.rust_files()
        .filter(|(path, _)| crates.iter().any(|folder| path.starts_with(folder)) && !reached.contains(*path))
        .map(|(path, _)| Finding::new("orphans", path, 1, "no `mod` declares this file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undeclared_file_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
            ("a/src/main.rs", "mod x; #[cfg(test)] mod y;"),
            ("a/src/x.rs", ""),
            ("a/src/y.rs", ""),
            ("a/src/z.rs", ""),
            ("a/tests/t.rs", ""),
            ("a/build.rs", ""),
        ]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a/src/z.rs:1: orphans: no `mod` declares this file"]);
    }
}
