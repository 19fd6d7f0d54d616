//! Rule: a feature file has the name of the HTTP module that it tests: one noun, one name.

use super::{finding::Finding, tree::Tree};

/// Features of the whole edge rather than of one noun.
const WHOLE_EDGE: &[&str] = &[];

/// Checks `features/*.feature` against `service/src/http/`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter_map(|(path, _)| {
            let noun = path
                .strip_prefix("features/")?
                .strip_suffix(".feature")?
                .rsplit('/')
                .next()?;
            let ends = [format!("/{noun}.rs"), format!("/{noun}/mod.rs")];
            let is_home = |path: &str| {
                path.starts_with("service/src/http/") && ends.iter().any(|end| path.ends_with(end.as_str()))
            };
            let known = WHOLE_EDGE.contains(&noun) || tree.files().any(|(path, _)| is_home(path));
            (!known).then(|| {
                Finding::new(
                    "nouns",
                    path,
                    1,
                    format!("there is no service/src/http/{noun}.rs"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_feature_without_its_noun() {
        let tree = Tree::of(&[
            ("features/rates.feature", ""),
            ("features/ports.feature", ""),
            ("features/prices.feature", ""),
            ("service/src/http/rates.rs", ""),
            ("service/src/http/ports/mod.rs", ""),
        ]);
        let found: Vec<String> = check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(found, ["features/prices.feature"]);
    }
}
