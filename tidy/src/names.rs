//! Rule: no file, folder or module has a meaningless name such as `utils`.

use std::collections::BTreeSet;

use super::{
    finding::Finding,
    tokens::{Tests, tokens},
    tree::Tree,
};

const RULE: &str = "names";
const MEANINGLESS: [&str; 7] = [
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "misc",
    "utilities",
];

/// Checks the names of all files and folders, and of the modules inside Rust files.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    for (path, text) in tree.files() {
        let mut end = 0;
        for part in path.split('/') {
            end += part.len();
            if MEANINGLESS.contains(&part.split('.').next().unwrap_or(part)) {
                findings.insert(Finding::new(
                    RULE,
                    &path[..end],
                    1,
                    format!("`{part}` is a meaningless name"),
                ));
            }
            end += 1;
        }
        if path.ends_with(".rs") {
            findings.extend(modules(path, text));
        }
    }
    findings.into_iter().collect()
}

fn modules(path: &str, text: &str) -> Vec<Finding> {
    let tokens = tokens(text, Tests::Included);
    let named = tokens.windows(2).filter(|pair| pair[0].is_word("mod"));
    named
        .filter_map(|pair| {
            let name = pair[1].word().filter(|name| MEANINGLESS.contains(name))?;
            Some(Finding::new(
                RULE,
                path,
                pair[1].line,
                format!("module `{name}` has a meaningless name"),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_folders_and_modules() {
        let tree = Tree::of(&[
            ("a/utils/x.rs", "//! mod util;"),
            ("a/utils/y.rs", ""),
            ("a/b.rs", "\nmod helpers { }"),
            ("docs/misc.md", ""),
            ("a/utility_bills.rs", "fn common() {}"),
        ]);
        let found: Vec<(String, usize)> = check(&tree)
            .into_iter()
            .map(|found| (found.path, found.line))
            .collect();
        assert_eq!(
            found,
            [("a/b.rs", 2), ("a/utils", 1), ("docs/misc.md", 1)].map(|(p, l)| (p.to_owned(), l))
        );
    }
}
