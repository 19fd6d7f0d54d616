//! How the page shows tests and scenarios, by feature.

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::report::format;
use crate::report::model::Report;
use crate::scan_result::Test;

pub(super) struct Group<'a> {
    pub gate: &'a str,
    pub name: &'a str,
    pub class: &'static str,
    pub counts: String,
    /// Each test, and its name without the group's.
    pub tests: Vec<(&'a str, &'a Test)>,
}

/// By feature: the part of a name before the first `: ` or, of a Rust test, before the last `::`. Failed groups first.
pub(super) fn groups(run: &Report) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = run.gates.iter().flat_map(groups_of).collect();
    groups.sort_by_key(|group| group.class != "fail");
    groups
}

fn groups_of(gate: &Outcome) -> Vec<Group<'_>> {
    let mut by_name: BTreeMap<&str, Vec<(&str, &Test)>> = BTreeMap::new();
    for test in &gate.tests {
        let parts = test.name.split_once(": ").or_else(|| test.name.rsplit_once("::"));
        let (feature, name) = parts.unwrap_or((&gate.id, &test.name));
        by_name.entry(feature).or_default().push((name, test));
    }
    let group = |(name, tests)| Group::of(&gate.id, name, tests);
    by_name.into_iter().map(group).collect()
}

impl<'a> Group<'a> {
    fn of(gate: &'a str, name: &'a str, tests: Vec<(&'a str, &'a Test)>) -> Group<'a> {
        let number = |wanted: &str| {
            tests
                .iter()
                .filter(|(_, test)| class(&test.outcome) == wanted)
                .count()
        };
        let counts = [("fail", "failed"), ("pass", "passed"), ("not-run", "skipped")];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(class, _)| number(class) > 0)
            .map(|(class, text)| format!("{} {text}", number(class)))
            .collect();
        let class = match (number("fail"), number("pass")) {
            (1.., _) => "fail",
            (0, 1..) => "pass",
            (0, 0) => "not-run",
        };
        Group {
            gate,
            name,
            class,
            counts: counts.join(", "),
            tests,
        }
    }
}

pub(super) fn counts(run: &Report) -> String {
    let tests = || run.gates.iter().flat_map(|gate| &gate.tests);
    let number = |outcome: &str| tests().filter(|test| test.outcome == outcome).count();
    match tests().count() {
        0 => "No gate of this run lists individual tests.".to_owned(),
        all => format!(
            "{}: {} passed, {} failed, {} skipped.",
            format::count(all, "test"),
            number("passed"),
            number("failed"),
            number("skipped")
        ),
    }
}

/// An unknown outcome is not a pass.
pub(super) fn class(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "pass",
        "skipped" => "not-run",
        _ => "fail",
    }
}
