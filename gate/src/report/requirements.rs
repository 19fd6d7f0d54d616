//! From the tags of tests to a table: which scenarios show a requirement; knows no requirement's text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// One requirement and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// As the tag says: `v5.0.0-6.2.1`.
    pub id: String,
    /// `passed` when every test of it passed, `failed` when one failed, else `skipped`.
    pub outcome: String,
    /// The tests: gate, name, outcome.
    pub tests: Vec<Shown>,
}

/// A test that shows a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The gate that ran it.
    pub gate: String,
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
}

/// The requirements of OWASP ASVS, in its order.
pub fn requirements(gates: &[Outcome]) -> Vec<Requirement> {
    let mut by_id: BTreeMap<(Vec<u32>, &str), Requirement> = BTreeMap::new();
    for gate in gates {
        for test in &gate.tests {
            for id in test.tags.iter().filter_map(|tag| asvs(tag)) {
                let new = || Requirement {
                    id: id.to_owned(),
                    outcome: String::new(),
                    tests: Vec::new(),
                };
                by_id
                    .entry((order(id), id))
                    .or_insert_with(new)
                    .tests
                    .push(Shown {
                        gate: gate.id.clone(),
                        name: test.name.clone(),
                        outcome: test.outcome.clone(),
                    });
            }
        }
    }
    let mut all: Vec<Requirement> = by_id.into_values().collect();
    for requirement in &mut all {
        let has = |word: &str| requirement.tests.iter().any(|test| test.outcome == word);
        let outcome = match (
            has("failed"),
            requirement.tests.iter().all(|test| test.outcome == "passed"),
        ) {
            (true, _) => "failed",
            (false, true) => "passed",
            (false, false) => "skipped",
        };
        outcome.clone_into(&mut requirement.outcome);
    }
    all
}

/// `asvs:v5.0.0-6.2.1`, also as the features write it, with `@`.
fn asvs(tag: &str) -> Option<&str> {
    tag.trim_start_matches('@').strip_prefix("asvs:")
}

/// 6.2.11 comes after 6.2.2.
fn order(id: &str) -> Vec<u32> {
    let numbers = id.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scan_result::Test;

    #[test]
    fn a_requirement_is_shown_only_when_all_its_tests_passed() {
        let test = |name: &str, outcome: &str, tags: &[&str]| Test {
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            tags: tags.iter().map(ToString::to_string).collect(),
        };
        let mut gate = sample::gate("bdd");
        gate.tests = vec![
            test("a", "passed", &["@asvs:v5.0.0-6.2.11", "asvs:v5.0.0-6.2.2"]),
            test("b", "skipped", &["asvs:v5.0.0-6.2.2", "E1"]),
            test("c", "failed", &["asvs:v5.0.0-1.2.1"]),
            test("d", "passed", &["asvs:v5.0.0-1.2.1"]),
        ];
        let table: Vec<_> = requirements(&[gate])
            .into_iter()
            .map(|requirement| (requirement.id, requirement.outcome, requirement.tests.len()))
            .collect();
        let expected = [
            ("v5.0.0-1.2.1", "failed", 2),
            ("v5.0.0-6.2.2", "skipped", 2),
            ("v5.0.0-6.2.11", "passed", 1),
        ];
        let expected = expected.map(|(id, outcome, count)| (id.to_owned(), outcome.to_owned(), count));
        assert_eq!(table, expected);
    }
}
