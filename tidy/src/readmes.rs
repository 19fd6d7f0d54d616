//! Rule: the root and each top-level folder have a README of at most 80 lines that ends with "Known quirks".

use std::collections::BTreeSet;

use crate::{finding::Findings, tree::Tree};

const MAX_LINES: usize = 80;
const LAST_SECTION: &str = "## Known quirks";

/// Checks the root and every top-level folder, except hidden ones.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    if tree.find("README.md").is_none() {
        findings.add("README.md", 1, "is missing");
    }
    let folders: BTreeSet<&str> = tree
        .files()
        .filter_map(|(path, _)| Some(path.split_once('/')?.0))
        .filter(|folder| !folder.starts_with('.'))
        .collect();
    for folder in folders {
        let path = format!("{folder}/README.md");
        let Some(text) = tree.find(&path) else {
            findings.add(&path, 1, "is missing");
            continue;
        };
        let lines = text.lines().count();
        if lines > MAX_LINES {
            let what = format!("{lines} lines, at most {MAX_LINES}");
            findings.add(&path, MAX_LINES + 1, what);
        }
        let last = text.lines().rfind(|line| line.starts_with("## "));
        if last.map(str::trim_end) != Some(LAST_SECTION) {
            let what = format!("the last section is not `{LAST_SECTION}`");
            findings.add(&path, lines.max(1), what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    #[test]
    fn missing_long_and_incomplete_readmes_are_found() {
        let long = format!("# Long\n{}## Known quirks\n", "\n".repeat(90));
        let files = [
            ("good/README.md", "# Good\n## Known quirks\n- none\n"),
            ("long/README.md", &long),
            ("none/x.txt", ""),
            ("other/README.md", "# Other\n## Known quirks\n## More\n"),
            (".github/x.yml", ""),
        ];
        assert_eq!(
            places(check, &files),
            [
                "README.md:1",
                "long/README.md:81",
                "none/README.md:1",
                "other/README.md:3"
            ]
        );
    }
}
