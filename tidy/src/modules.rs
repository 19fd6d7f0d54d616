//! The modules of a crate, found like the compiler does: from the root file along `mod`.

use std::collections::{BTreeSet, HashSet};
use std::slice;

use crate::items::items;
use crate::tokens::{Tests, Token, tokens};
use crate::tree::Tree;

/// A module with a file of its own; inline modules belong to it.
#[derive(Debug)]
pub(super) struct Module {
    /// The path from the crate's root, which is empty.
    pub path: Vec<String>,
    pub file: String,
    pub tokens: Vec<Token>,
    /// The names that it defines, inline modules included.
    pub items: HashSet<String>,
}

impl Module {
    pub(super) fn name(&self) -> String {
        if self.path.is_empty() {
            return "the root".to_owned();
        }
        self.path.join("::")
    }
}

/// The root file of every library, program and test of the workspace: those that Cargo discovers, and those that a manifest
/// names by `path = "….rs"`.
pub(super) fn roots(tree: &Tree) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for folder in tree.crates() {
        let inside = format!("{folder}/");
        let is_root = |path: &str| path.strip_prefix(&inside).is_some_and(is_discovered);
        let discovered = tree.rust_files().filter(|(path, _)| is_root(path));
        roots.extend(discovered.map(|(path, _)| path.to_owned()));
        let manifest = tree.find(&format!("{folder}/Cargo.toml")).unwrap_or_default();
        let paths = manifest
            .lines()
            .filter(|line| line.trim_start().starts_with("path"));
        let named = paths.filter_map(|line| line.split('"').nth(1));
        roots.extend(
            named
                .filter(|named| named.ends_with(".rs"))
                .map(|named| inside.clone() + named),
        );
    }
    roots
}

/// Whether Cargo takes this file of a crate as a root.
fn is_discovered(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    match parts.as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", rest @ ..] | ["tests" | "examples" | "benches", rest @ ..] => {
            matches!(rest, [_] | [_, "main.rs"])
        }
        _ => false,
    }
}

/// The modules of the crate with this root file, the root first.
pub(super) fn modules(tree: &Tree, root: &str, tests: Tests) -> Vec<Module> {
    let mut found: Vec<Module> = Vec::new();
    let mut open = vec![(Vec::new(), root.to_owned(), folder_of(root).to_owned())];
    while let Some((path, file, folder)) = open.pop() {
        let Some(text) = tree.find(&file) else { continue };
        let tokens = tokens(text, tests);
        let module = Module {
            path,
            file,
            items: defined(&tokens),
            tokens,
        };
        for inner in declared(&module.tokens) {
            let stem = format!("{folder}{}", inner.join("/"));
            let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
            let Some(file) = candidates.into_iter().find(|file| tree.find(file).is_some()) else {
                continue;
            };
            if found.iter().all(|known| known.file != file) {
                let path = [module.path.clone(), inner].concat();
                open.push((path, file, format!("{stem}/")));
            }
        }
        found.push(module);
    }
    found
}

/// `a/b/` of `a/b/c.rs`.
fn folder_of(file: &str) -> &str {
    file.rfind('/').map_or("", |slash| &file[..=slash])
}

/// The modules that `mod name;` declares, each with the inline modules around it.
fn declared(tokens: &[Token]) -> impl Iterator<Item = Vec<String>> {
    let declarations = tokens
        .windows(3)
        .filter(|three| three[0].is("mod") && three[2].is(";"));
    declarations.map(|three| [&*three[1].scope, slice::from_ref(&three[1].text)].concat())
}

fn defined(tokens: &[Token]) -> HashSet<String> {
    items(tokens)
        .filter(|(keyword, name)| *keyword != "mod" || tokens.get(name + 1).is_some_and(|next| next.is("{")))
        .map(|(_, name)| tokens[name].text.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_files_folders_and_modules_inside() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
            (
                "a/Cargo.toml",
                "[[test]]\nname = \"x\"\npath = \"steps/main.rs\"\n",
            ),
            ("a/steps/main.rs", ""),
            (
                "a/src/lib.rs",
                "mod one; mod in_file { mod deep; struct X; }\n#[cfg(test)] mod only_in_tests;",
            ),
            ("a/src/one/mod.rs", "mod two;"),
            ("a/src/one/two.rs", "mod three;"),
            ("a/src/one/two/three.rs", ""),
            ("a/src/in_file/deep.rs", ""),
            ("a/src/only_in_tests.rs", ""),
        ]);
        let roots: Vec<String> = roots(&tree).into_iter().collect();
        assert_eq!(roots, ["a/src/lib.rs", "a/steps/main.rs"]);
        let modules = |tests| modules(&tree, "a/src/lib.rs", tests).into_iter();
        let found = modules(Tests::Excluded).map(|module| module.path.join("::"));
        let mut found: Vec<String> = found.collect();
        found.sort();
        assert_eq!(found, ["", "in_file::deep", "one", "one::two", "one::two::three"]);
        assert_eq!(modules(Tests::Included).len(), 6);
    }
}
