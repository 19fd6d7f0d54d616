//! Rule: a feature file has the name of the HTTP module that it tests: one noun, one name.

use crate::finding::Findings;
use crate::tree::{Tree, file_name};

/// Checks `features/*.feature` against `service/src/http/`.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for (path, _) in tree.files().filter(|(path, _)| path.starts_with("features/")) {
        let Some(noun) = file_name(path).strip_suffix(".feature") else {
            continue;
        };
        let ends = [format!("/{noun}.rs"), format!("/{noun}/mod.rs")];
        let is_home = |path: &str| {
            path.starts_with("service/src/http/") && ends.iter().any(|end| path.ends_with(end.as_str()))
        };
        if !tree.files().any(|(path, _)| is_home(path)) {
            findings.add(path, 1, format!("there is no service/src/http/{noun}.rs"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    #[test]
    fn finds_a_feature_without_its_noun() {
        let files = [
            ("features/rates.feature", ""),
            ("features/ports.feature", ""),
            ("features/prices.feature", ""),
            ("service/src/http/rates.rs", ""),
            ("service/src/http/ports/mod.rs", ""),
        ];
        assert_eq!(places(check, &files), ["features/prices.feature:1"]);
    }
}
