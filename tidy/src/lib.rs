//! `cargo xtask tidy`: the repository's own rules, one per file.

/// A violation of a rule.
mod finding;

/// The files of the repository, read once.
mod tree;

/// Rust source as tokens, without comments, strings and tests.
mod tokens;

/// The modules of a crate.
mod modules;

/// The import graph of a crate.
mod imports;

/// Rule: the order of lib.rs.
mod layers;

/// Rule: no import cycle.
mod cycles;

/// Rule: no Rust file outside the module tree.
mod orphans;

/// Rule: a header that states the file's job; at most 400 lines.
mod shape;

/// Rule: no meaningless names.
mod names;

/// Rule: restricted constructs in listed files only.
mod listed;

/// Rule: a README in each top-level folder.
mod readmes;

/// Rule: each feature has its noun in the service.
mod nouns;

/// Rule: no path of one developer's machine.
mod home_paths;

/// Rule: actions are pinned to a commit.
mod pins;

/// Rule: paths in documents exist.
mod paths;

/// Rule: every behaviour id is in the list, and every behaviour is shown by a test.
mod behaviours;

/// Rule: names and texts use the field's terms.
mod vocabulary;

use std::path::Path;

use finding::Finding;
use tree::Tree;

pub use behaviours::print_tour;

/// What to do in addition to checking.
#[derive(Debug, Default)]
pub struct Options {
    /// First regenerate the generated part of docs/behaviours.md.
    pub write: bool,
    /// Also print what the rules that are not enforced yet find.
    pub drafts: bool,
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    layers::check,
    cycles::check,
    orphans::check,
    shape::check,
    shape::check_header,
    names::check,
    listed::check,
    readmes::check,
    nouns::check,
    home_paths::check,
    pins::check,
    paths::check,
];

/// Rules that are not enforced yet.
const DRAFTS: &[Rule] = &[behaviours::check, vocabulary::check];

/// Checks the tree at `root` and prints each finding as `path:line: rule: what`; returns whether there is none.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<bool> {
    if options.write && behaviours::write(root)? {
        println!("note: docs/behaviours.md is regenerated");
    }
    let tree = Tree::read(root)?;
    for finding in shape::notes(&tree) {
        println!("note: {finding}");
    }
    if options.drafts {
        for finding in DRAFTS.iter().flat_map(|rule| rule(&tree)) {
            println!("note: {finding}");
        }
    }
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    // The gate parses this line, which reports how much was checked even if there are findings.
    println!(
        "tidy: {} files, {} rules, {} findings",
        tree.files().count(),
        RULES.len(),
        findings.len()
    );
    Ok(findings.is_empty())
}

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small repository on disk: first clean, then with a violation.
    #[test]
    fn a_clean_tree_passes_and_a_planted_violation_fails() {
        let root = std::env::temp_dir().join(format!("tidy-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"one\"]\n");
        write("README.md", "# All\n");
        write(".gitignore", "/target\n");
        write("one/README.md", "# one\n\n## Known quirks\n\n- none\n");
        write("one/src/lib.rs", "//! One.\n\n/// Apples.\nmod apples;\n");
        write("one/src/apples.rs", "//! Apples.\n");
        write("target/junk/utils.rs", "not even Rust\n");
        // The lists of exceptions refer to the real tree, so unneeded entries are ignored here.
        let found = || -> Vec<String> {
            let findings = check(&Tree::read(&root).unwrap());
            findings
                .iter()
                .filter(|finding| finding.rule != "listed")
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(found(), Vec::<String>::new());
        write("one/src/utils.rs", "fn x() {}\n");
        let findings = found();
        std::fs::remove_dir_all(&root).unwrap();
        let expected = [
            "one/src/utils.rs:1: names:",
            "one/src/utils.rs:1: orphans:",
            "one/src/utils.rs:1: shape:",
        ];
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for start in expected {
            assert!(
                findings.iter().any(|finding| finding.starts_with(start)),
                "{start} in {findings:?}"
            );
        }
    }
}
