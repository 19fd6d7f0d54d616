//! What the gates `test` and `bdd` share: the record of one run of all tests and scenarios.

pub mod bdd;
pub mod cargo_test;
pub mod settings;

use harness::test_results::record::{self, Case, Part, Record};

use crate::config;
use crate::finding::{Finding, Severity};
use crate::gates::test_run::settings::Tests;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, Test};

/// The record of this tree's tests: of this run, or of an earlier one of today if all passed. A release reuses none.
pub fn record(ctx: &ScanContext<'_>) -> Result<Record, ScanError> {
    let (context, began) = (ctx.context(), ctx.run_state.began);
    let is_usable = |record: &Record| {
        let good = record.tests.is_good() && record.scenarios.is_good();
        record.ended >= began || (good && ctx.run_state.options.profile != GateProfile::Release)
    };
    if let Some(record) = record::find(context, began).filter(is_usable) {
        return Ok(record);
    }
    let command = config(ctx)?.command.command(context, &[]);
    let output = ctx.run(&command, "test")?;
    record::find(context, harness::clock::now())
        .filter(|record| record.ended >= began)
        .ok_or_else(|| output.failed("the tests left no record of this tree"))
}

pub fn config<'a>(ctx: &ScanContext<'a>) -> Result<&'a Tests, ScanError> {
    config::needed(ctx.config().tests.as_ref(), "tests")
}

/// A finding for each failed case and each problem. `min` is the expected number of cases in the tree.
pub fn result(ctx: &ScanContext<'_>, part: &Part, tool: &str, of: &str, min: u64) -> ScanOutcome {
    let min = if ctx.planted { 1 } else { min };
    read(part, tool, of, min)
}

/// The programs' own counts must agree with the cases.
fn read(part: &Part, tool: &str, of: &str, min: u64) -> ScanOutcome {
    let count = |outcome: &str| part.cases.iter().filter(|case| case.outcome == outcome).count() as u64;
    let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
    let counts = &part.counts;
    let agrees = (passed, failed, skipped) == (counts.passed, counts.failed, counts.skipped);
    if !agrees && part.problems.is_empty() {
        return Err(ScanError::ToolFailed(format!(
            "{passed} passed, {failed} failed, {skipped} skipped by name, but the output counts {counts}"
        )));
    }
    let failed = part.cases.iter().filter(|case| case.outcome == "failed");
    let problem = |what: &String| Finding::new(tool, "problem", what).rated(Severity::High);
    let findings = failed.map(|case| finding(case, tool));
    let mut result = ScanResult::of(findings.chain(part.problems.iter().map(problem)));
    result.tests.extend(part.cases.iter().map(|case| Test {
        name: case.name.clone(),
        outcome: case.outcome.clone(),
        tags: case.tags.clone(),
    }));
    if counts.skipped > 0 {
        result
            .limits
            .push(format!("{} {of} were skipped", counts.skipped));
    }
    Ok(result.with_work(counts.passed + counts.failed, of, min))
}

/// The rule is the case's name, so that two failed cases are two findings.
fn finding(case: &Case, tool: &str) -> Finding {
    let finding = Finding::new(tool, &case.name, "failed").rated(Severity::High);
    match &case.path {
        Some(path) => finding.at(path, case.line),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::test_results::counts::Counts;

    fn part(outcomes: &[&str], passed: u64, failed: u64) -> Part {
        let case = |(index, outcome): (usize, &&str)| Case {
            name: format!("it::case_{index}"),
            outcome: (*outcome).to_owned(),
            path: None,
            line: None,
            tags: Vec::new(),
        };
        Part {
            counts: Counts {
                passed,
                failed,
                skipped: 0,
            },
            cases: outcomes.iter().enumerate().map(case).collect(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn each_case_that_failed_is_a_finding_and_so_is_each_problem() {
        let mut failing = part(&["passed", "failed", "failed"], 1, 2);
        failing.problems.push("a secret in a log".to_owned());
        let result = read(&failing, "cargo-test", "tests", 1).unwrap();
        let rules = result.findings.iter().map(|finding| finding.rule.as_str());
        let rules: Vec<&str> = rules.collect();
        assert_eq!(rules, ["it::case_1", "it::case_2", "problem"]);
        assert_eq!((result.work[0].count, result.tests.len()), (3, 3));
        assert_ne!(result.findings[0].fingerprint(), result.findings[1].fingerprint());
    }

    #[test]
    fn counts_that_disagree_with_the_cases_are_an_error() {
        let why = read(&part(&["passed"], 2, 0), "cargo-test", "tests", 1).unwrap_err();
        assert!(
            why.to_string().contains("1 passed, 0 failed, 0 skipped by name"),
            "{why}"
        );
    }
}
