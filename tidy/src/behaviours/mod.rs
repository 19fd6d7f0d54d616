//! Rule: every behaviour id in tests, scenarios and measurements is in `docs/behaviours.md`, and every behaviour there is
//! shown by at least one of them. Rule: the files that a behaviour names as its code define what it names in them.

mod code;
mod generated;
mod list;
mod mentions;
mod tour;

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, bail};

use crate::{finding::Findings, tree::Tree};
use generated::{regenerated, shown_by};
use list::{PATH, parse};
use mentions::mentions;

pub use tour::print_tour;

/// Checks the list against the tree.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    let mentions = mentions(tree);
    let (list, malformed) = parse(tree.find(PATH).unwrap_or_default());
    for (line, what) in malformed {
        findings.add(PATH, line, what);
    }
    let mut known = BTreeSet::new();
    for behaviour in &list {
        let mut add = |what: String| findings.add(PATH, behaviour.line, what);
        let id = &behaviour.id;
        if !known.insert(id) {
            add(format!("{id} is listed twice"));
        }
        if behaviour.docs.is_empty() {
            add(format!("{id} has no `Docs:` line with at least one path"));
        }
        if behaviour.code.is_empty() {
            add(format!("{id} has no `Code:` line with at least one path"));
        }
        let shown = shown_by(behaviour, &mentions);
        if shown.is_empty() {
            add(format!("no test, scenario or measurement shows {id}"));
        } else if shown != behaviour.shown {
            add(format!(
                "what shows {id} has changed: run `cargo xtask tidy --write`"
            ));
        }
    }
    for mention in mentions.iter().filter(|mention| !known.contains(&mention.id)) {
        let what = format!("there is no behaviour {} in {PATH}", mention.id);
        findings.add(&mention.path, mention.line, what);
    }
}

/// Checks the code that the behaviours name.
pub(super) fn check_code(tree: &Tree, findings: &mut Findings) {
    let (list, _) = parse(tree.find(PATH).unwrap_or_default());
    for behaviour in &list {
        for what in code::defects(tree, &behaviour.code) {
            findings.add(PATH, behaviour.line, format!("{}: {what}", behaviour.id));
        }
    }
}

/// Regenerates the generated part of the list in `root`; says whether the file changed.
pub(super) fn write(root: &Path) -> anyhow::Result<bool> {
    let tree = Tree::read(root)?;
    let text = tree.find(PATH).with_context(|| format!("there is no {PATH}"))?;
    let (list, malformed) = parse(text);
    if let Some((line, what)) = malformed.first() {
        bail!("{PATH}:{line}: {what}");
    }
    let new = regenerated(text, &list, &mentions(&tree));
    let changed = new != text;
    if changed {
        std::fs::write(root.join(PATH), new).with_context(|| format!("cannot write {PATH}"))?;
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEATURE: &str = "Feature: Rates\n\n  @B7\n  Scenario: A bad day\n    When x\n";

    fn found(list: &str, feature: &str) -> Vec<String> {
        let files = [(PATH, list), ("features/features/rates.feature", feature)];
        crate::finding::found(check, &files)
    }

    #[test]
    fn a_list_that_agrees_with_the_tree_passes() {
        let list = "## B. Rates\n\n### B7 – Bad days\n\nRefused.\n\nDocs: `a.md`\n\nCode: `a.rs`\n";
        let tree = Tree::of(&[(PATH, list), ("features/features/rates.feature", FEATURE)]);
        let (parsed, _) = parse(list);
        let list = regenerated(list, &parsed, &mentions(&tree));
        assert_eq!(found(&list, FEATURE), [""; 0]);
        assert!(
            list.contains("`features/features/rates.feature`: `A bad day`"),
            "{list}"
        );
    }

    #[test]
    fn code_that_is_not_there_is_found() {
        let list = "## B. Rates\n\n### B7 – Bad days\n\nCode: `a.rs` (`f`, `g`)\n";
        let found = crate::finding::found(check_code, &[(PATH, list), ("a.rs", "fn f() { g() }\n")]);
        assert_eq!(found, ["docs/behaviours.md:3: B7: `a.rs` does not define `g`"]);
    }

    #[test]
    fn unknown_unshown_stale_and_doubled_ids_are_found() {
        let list = "## B. Rates\n\n### B7 – Bad days\n\nRefused.\n\nDocs: `a.md`\n\nCode: `a.rs`\n\n\
                    ### B8 – Unknown\n\nRefused.\n\nDocs: `a.md`\n\nCode: `a.rs`\n\n### B7 – Again\n\nCode:\n";
        let found = found(list, &FEATURE.replace("@B7", "@B7 @B9"));
        let expected = [
            "docs/behaviours.md:3: what shows B7 has changed",
            "docs/behaviours.md:11: no test, scenario or measurement shows B8",
            "docs/behaviours.md:19: B7 has no `Code:` line",
            "docs/behaviours.md:19: B7 has no `Docs:` line",
            "docs/behaviours.md:19: B7 is listed twice",
            "docs/behaviours.md:19: what shows B7 has changed",
            "features/features/rates.feature:4: there is no behaviour B9",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
