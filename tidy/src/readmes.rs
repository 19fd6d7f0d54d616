//! Rule: the root and each top-level folder have a README of at most 80 lines that ends with "Known quirks".

use std::collections::BTreeSet;

use super::{finding::Finding, tree::Tree};

const RULE: &str = "readmes";
const MAX_LINES: usize = 80;
const LAST_SECTION: &str = "## Known quirks";

/// Checks the root and every top-level folder, except hidden ones.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    if tree.find("README.md").is_none() {
        findings.push(Finding::new(RULE, "README.md", 1, "is missing"));
    }
    let folders: BTreeSet<&str> = tree
        .files()
        .filter_map(|(path, _)| path.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    for folder in folders.into_iter().filter(|folder| !folder.starts_with('.')) {
        let path = format!("{folder}/README.md");
        match tree.find(&path) {
            None => findings.push(Finding::new(RULE, &path, 1, "is missing")),
            Some(text) => findings.extend(page(&path, text)),
        }
    }
    findings
}

fn page(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        findings.push(Finding::new(
            RULE,
            path,
            MAX_LINES + 1,
            format!("{lines} lines, at most {MAX_LINES}"),
        ));
    }
    let last = text.lines().rfind(|line| line.starts_with("## "));
    if last.map(str::trim_end) != Some(LAST_SECTION) {
        findings.push(Finding::new(
            RULE,
            path,
            lines.max(1),
            format!("the last section is not `{LAST_SECTION}`"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_long_and_incomplete_readmes_are_found() {
        let long = format!("# Long\n{}## Known quirks\n", "\n".repeat(90));
        let tree = Tree::of(&[
            ("good/README.md", "# Good\n## Known quirks\n- none\n"),
            ("long/README.md", &long),
            ("none/x.txt", ""),
            ("other/README.md", "# Other\n## Known quirks\n## More\n"),
            (".github/x.yml", ""),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(
            found,
            ["README.md", "long/README.md", "none/README.md", "other/README.md"]
        );
    }
}
