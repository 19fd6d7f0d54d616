//! The modules of a crate, found like the compiler does: from the root file along `mod`.

use std::collections::{BTreeSet, HashSet};

use super::{
    tokens::{Kind, Tests, Token, tokens},
    tree::Tree,
};

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

/// The root file of every library, program and test of the workspace: those that Cargo discovers, and those that a manifest
/// names by `path = "….rs"`.
pub(super) fn roots(tree: &Tree) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for folder in tree.crates() {
        let inside = format!("{folder}/");
        for (path, _) in tree.rust_files() {
            let Some(rest) = path.strip_prefix(&inside) else {
                continue;
            };
            let parts: Vec<&str> = rest.split('/').collect();
            let is_root = match parts.as_slice() {
                ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
                ["src", "bin", rest @ ..] | ["tests" | "examples" | "benches", rest @ ..] => {
                    matches!(rest, [_] | [_, "main.rs"])
                }
                _ => false,
            };
            if is_root {
                roots.insert(path.to_owned());
            }
        }
        let manifest = tree.find(&format!("{folder}/Cargo.toml")).unwrap_or_default();
        for line in manifest
            .lines()
            .filter(|line| line.trim_start().starts_with("path"))
        {
            if let Some(named) = line.split('"').nth(1).filter(|named| named.ends_with(".rs")) {
                roots.insert(format!("{folder}/{named}"));
            }
        }
    }
    roots
}

/// The modules of the crate with this root file, the root first.
pub(super) fn modules(tree: &Tree, root: &str, tests: Tests) -> Vec<Module> {
    let mut found: Vec<Module> = Vec::new();
    let mut open = vec![(Vec::new(), root.to_owned(), folder_of(root).to_owned())];
    while let Some((path, file, folder)) = open.pop() {
        let Some(text) = tree.find(&file) else { continue };
        let module = Module {
            path,
            file,
            tokens: tokens(text, tests),
            items: HashSet::new(),
        };
        for inner in declared(&module.tokens) {
            let stem = format!("{folder}{}", inner.join("/"));
            let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
            let Some(file) = candidates.into_iter().find(|file| tree.find(file).is_some()) else {
                continue;
            };
            if found.iter().all(|known| known.file != file) {
                open.push((
                    module.path.iter().cloned().chain(inner).collect(),
                    file,
                    format!("{stem}/"),
                ));
            }
        }
        found.push(Module {
            items: items(&module.tokens),
            ..module
        });
    }
    found
}

/// `a/b/` of `a/b/c.rs`.
fn folder_of(file: &str) -> &str {
    file.rfind('/').map_or("", |slash| &file[..=slash])
}

/// The modules that `mod name;` declares, each with the inline modules around it.
fn declared(tokens: &[Token]) -> Vec<Vec<String>> {
    let mut declared = Vec::new();
    let mut scope = Scope::default();
    for at in 0..tokens.len() {
        scope.step(tokens, at);
        if let [keyword, name, end, ..] = &tokens[at..]
            && keyword.is_word("mod")
            && end.is_sign(';')
            && let Some(name) = name.word()
        {
            declared.push(scope.names().chain([name.to_owned()]).collect());
        }
    }
    declared
}

fn items(tokens: &[Token]) -> HashSet<String> {
    const KEYWORDS: [&str; 9] = [
        "struct",
        "enum",
        "union",
        "trait",
        "type",
        "fn",
        "const",
        "static",
        "macro_rules",
    ];
    let mut items = HashSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(keyword) = token.word() else { continue };
        let skip = usize::from(keyword == "macro_rules");
        let names = KEYWORDS.contains(&keyword)
            || keyword == "mod"
                && tokens
                    .get(at + 2)
                    .is_some_and(|token| token.kind == Kind::Open('{'));
        if names && let Some(name) = tokens.get(at + 1 + skip).and_then(Token::word) {
            items.insert(name.to_owned());
        }
    }
    items
}

/// The inline modules around the current token of a walk.
#[derive(Debug, Default)]
pub(super) struct Scope {
    depth: usize,
    open: Vec<(String, usize)>,
}

impl Scope {
    /// Must be called for each token in order.
    pub(super) fn step(&mut self, tokens: &[Token], at: usize) {
        match &tokens[at].kind {
            Kind::Open('{') => {
                self.depth += 1;
                if let Some([keyword, name]) = at.checked_sub(2).map(|from| &tokens[from..at])
                    && keyword.is_word("mod")
                    && let Some(name) = name.word()
                {
                    self.open.push((name.to_owned(), self.depth));
                }
            }
            Kind::Close('}') => {
                self.open.pop_if(|(_, depth)| *depth == self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// From the outermost to the innermost.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.open.iter().map(|(name, _)| name.clone())
    }
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
        assert_eq!(
            roots(&tree).into_iter().collect::<Vec<_>>(),
            ["a/src/lib.rs", "a/steps/main.rs"]
        );
        let mut found: Vec<String> = modules(&tree, "a/src/lib.rs", Tests::Excluded)
            .iter()
            .map(|module| module.path.join("::"))
            .collect();
        found.sort();
        assert_eq!(found, ["", "in_file::deep", "one", "one::two", "one::two::three"]);
        assert_eq!(modules(&tree, "a/src/lib.rs", Tests::Included).len(), 6);
    }
}
