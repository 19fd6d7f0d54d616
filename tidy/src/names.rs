//! Rule: no file, folder or module has a meaningless name such as `utils`.

use crate::finding::Findings;
use crate::tokens::{Tests, tokens};
use crate::tree::{Tree, file_name};

/// Checks the names of all files and folders, and of the modules inside Rust files.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for (path, text) in tree.files() {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for above in ends.chain([path.len()]).map(|end| &path[..end]) {
            let name = file_name(above);
            if name.split('.').next().is_some_and(is_meaningless) {
                findings.add(above, 1, format!("`{name}` is a meaningless name"));
            }
        }
        if path.ends_with(".rs") {
            for pair in tokens(text, Tests::Included).windows(2) {
                if pair[0].is("mod") && is_meaningless(&pair[1].text) {
                    let what = format!("module `{}` has a meaningless name", pair[1].text);
                    findings.add(path, pair[1].line, what);
                }
            }
        }
    }
}

fn is_meaningless(name: &str) -> bool {
    matches!(
        name,
        "util" | "utils" | "common" | "helper" | "helpers" | "misc" | "utilities"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    #[test]
    fn finds_files_folders_and_modules() {
        let files = [
            ("a/utils/x.rs", "//! mod util;"),
            ("a/utils/y.rs", ""),
            ("a/b.rs", "\nmod helpers { }"),
            ("docs/misc.md", ""),
            ("a/utility_bills.rs", "fn common() {}"),
        ];
        assert_eq!(places(check, &files), ["a/b.rs:2", "a/utils:1", "docs/misc.md:1"]);
    }
}
