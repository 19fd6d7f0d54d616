//! The page's tests and scenarios: by feature, and by the requirement that they show.

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::report::format;
use crate::report::model::Report;
use crate::report::requirements::Requirement as Shown;

pub(super) struct Requirement<'a> {
    pub id: &'a str,
    pub outcome: &'a str,
    pub class: &'static str,
    pub tests: Vec<Test<'a>>,
}

pub(super) struct Group<'a> {
    pub gate: &'a str,
    pub name: String,
    pub class: &'static str,
    pub counts: String,
    pub tests: Vec<Test<'a>>,
}

pub(super) struct Test<'a> {
    pub gate: &'a str,
    pub name: &'a str,
    pub outcome: &'a str,
    pub class: &'static str,
    pub tags: Vec<&'a str>,
}

impl<'a> Requirement<'a> {
    pub(super) fn of(shown: &'a Shown) -> Requirement<'a> {
        let test = |test: &'a crate::report::requirements::Shown| Test {
            gate: &test.gate,
            name: &test.name,
            outcome: &test.outcome,
            class: class(&test.outcome),
            tags: Vec::new(),
        };
        Requirement {
            id: &shown.id,
            outcome: &shown.outcome,
            class: class(&shown.outcome),
            tests: shown.tests.iter().map(test).collect(),
        }
    }
}

/// By feature: what stands before the first `: ` or, of a test in Rust, before its last `::`.
pub(super) fn groups(run: &Report) -> Vec<Group<'_>> {
    let of = |gate| groups_of(gate).into_iter();
    let mut groups: Vec<Group<'_>> = run.gates.iter().flat_map(of).collect();
    groups.sort_by_key(|group| group.class != "fail");
    groups
}

fn groups_of(gate: &Outcome) -> Vec<Group<'_>> {
    let mut by_name: BTreeMap<&str, Vec<Test<'_>>> = BTreeMap::new();
    for test in &gate.tests {
        let feature = test.name.split_once(": ").or_else(|| test.name.rsplit_once("::"));
        let (feature, name) = feature.unwrap_or((&gate.id, &test.name));
        by_name.entry(feature).or_default().push(Test {
            gate: &gate.id,
            name,
            outcome: &test.outcome,
            class: class(&test.outcome),
            tags: test.tags.iter().map(|tag| tag.trim_start_matches('@')).collect(),
        });
    }
    by_name
        .into_iter()
        .map(|(name, tests)| Group::of(gate, name, tests))
        .collect()
}

impl<'a> Group<'a> {
    fn of(gate: &'a Outcome, name: &str, tests: Vec<Test<'a>>) -> Group<'a> {
        let number = |class: &str| tests.iter().filter(|test| test.class == class).count();
        let counts = [("fail", "failed"), ("pass", "passed"), ("not-run", "skipped")];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(class, _)| number(class) > 0)
            .map(|(class, word)| format!("{} {word}", number(class)))
            .collect();
        Group {
            gate: &gate.id,
            name: name.to_owned(),
            class: match (number("fail"), number("pass")) {
                (1.., _) => "fail",
                (0, 1..) => "pass",
                (0, 0) => "not-run",
            },
            counts: counts.join(", "),
            tests,
        }
    }
}

/// How many, in one line.
pub(super) fn note(run: &Report) -> String {
    let tests = || run.gates.iter().flat_map(|gate| &gate.tests);
    let number = |word: &str| tests().filter(|test| test.outcome == word).count();
    match tests().count() {
        0 => "No gate of this run tells its tests one by one.".to_owned(),
        all => format!(
            "{}: {} passed, {} failed, {} skipped.",
            format::count(all, "test"),
            number("passed"),
            number("failed"),
            number("skipped")
        ),
    }
}

/// A word that nobody knows is no pass.
fn class(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "pass",
        "skipped" => "not-run",
        _ => "fail",
    }
}
