//! The tests of each OWASP ASVS requirement, from their tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// One requirement and its tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// As in the tag: `v5.0.0-6.2.1`.
    pub id: String,
    /// `passed` if every test passed, `failed` if one failed, else `skipped`.
    pub outcome: String,
    /// Its tests.
    pub tests: Vec<RequirementTest>,
}

/// A test of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementTest {
    /// The gate that ran it.
    pub gate: String,
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub outcome: String,
}

/// The requirements, in the order of OWASP ASVS.
pub fn requirements(gates: &[Outcome]) -> Vec<Requirement> {
    let mut by_id: BTreeMap<(Vec<u32>, &str), Vec<RequirementTest>> = BTreeMap::new();
    for gate in gates {
        for test in &gate.tests {
            for id in test.tags.iter().filter_map(|tag| asvs(tag)) {
                by_id.entry((order(id), id)).or_default().push(RequirementTest {
                    gate: gate.id.clone(),
                    name: test.name.clone(),
                    outcome: test.outcome.clone(),
                });
            }
        }
    }
    let requirement = |((_, id), tests): ((_, &str), Vec<RequirementTest>)| {
        let outcome = if tests.iter().any(|test| test.outcome == "failed") {
            "failed"
        } else if tests.iter().all(|test| test.outcome == "passed") {
            "passed"
        } else {
            "skipped"
        };
        Requirement {
            id: id.to_owned(),
            outcome: outcome.to_owned(),
            tests,
        }
    };
    by_id.into_iter().map(requirement).collect()
}

/// The id in `asvs:v5.0.0-6.2.1`, with or without `@`.
fn asvs(tag: &str) -> Option<&str> {
    tag.trim_start_matches('@').strip_prefix("asvs:")
}

/// Numeric order: 6.2.11 is after 6.2.2.
fn order(id: &str) -> Vec<u32> {
    let numbers = id.split(|character: char| !character.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scan_result::Test;

    #[test]
    fn a_requirement_passes_only_if_all_its_tests_pass() {
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
