//! `cargo xtask tidy`: the repository's own rules, one per file.

mod behaviours;
mod cycles;
mod finding;
mod home_paths;
mod imports;
mod items;
mod layers;
mod modules;
mod names;
mod nouns;
mod orphans;
mod output;
mod paths;
mod pins;
mod readmes;
mod restricted_constructs;
mod shape;
mod tokens;
mod tree;
mod vocabulary;
mod workflows;

use std::path::Path;

use finding::{Check, Finding, Findings};
use tree::Tree;

pub use behaviours::print_tour;
pub use output::print;

const RULES: &[(&str, Check)] = &[
    ("layers", layers::check),
    ("cycles", cycles::check),
    ("orphans", orphans::check),
    ("shape", shape::check),
    ("shape", shape::check_header),
    ("names", names::check),
    ("listed", restricted_constructs::check),
    ("readmes", readmes::check),
    ("nouns", nouns::check),
    ("home_paths", home_paths::check),
    ("pins", pins::check),
    ("workflows", workflows::check),
    ("paths", paths::check),
    ("behaviours", behaviours::check),
    ("behaviour_code", behaviours::check_code),
    ("vocabulary", vocabulary::check),
];

/// Rules that only advise.
const NOTES: &[(&str, Check)] = &[("shape", shape::check_soft_limit)];

/// Checks the tree at `root` and prints each finding as `path:line: rule: what`; returns whether there is none. `write`
/// regenerates the generated part of docs/behaviours.md first.
pub fn run(root: &Path, write: bool) -> anyhow::Result<bool> {
    if write && behaviours::write(root)? {
        print("note: docs/behaviours.md is regenerated\n")?;
    }
    let tree = Tree::read(root)?;
    for finding in check(&tree, NOTES) {
        print(&format!("note: {finding}\n"))?;
    }
    let findings = check(&tree, RULES);
    for finding in &findings {
        print(&format!("{finding}\n"))?;
    }
    // The gate parses this line, which reports how much was checked even if there are findings.
    print(&format!(
        "tidy: {} files, {} rules, {} findings\n",
        tree.files().count(),
        RULES.len(),
        findings.len()
    ))?;
    Ok(findings.is_empty())
}

fn check(tree: &Tree, rules: &[(&'static str, Check)]) -> Vec<Finding> {
    let found = |(name, check): &(&'static str, Check)| Findings::of(name, tree, check);
    let mut findings: Vec<Finding> = rules.iter().flat_map(found).collect();
    findings.sort();
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
            let findings = check(&Tree::read(&root).unwrap(), RULES).into_iter();
            let findings = findings.filter(|finding| finding.rule != "listed");
            findings.map(|finding| finding.to_string()).collect()
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
        for (found, start) in findings.iter().zip(expected) {
            assert!(found.starts_with(start), "{start} in {findings:?}");
        }
    }
}
