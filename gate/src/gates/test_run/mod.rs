//! The gates `test` and `bdd` share a run of `cargo xtask test`: its record, of this run or of an earlier one today over
//! just the same tree; runs no test itself.

pub mod bdd;
pub mod cargo_test;

use harness::test_results::record::{self, Case, Part, Record};

use crate::config::{self, Tests};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, Test};

/// The record of the tests of this tree. One that failed counts only in the run that made it: whoever asks again wants
/// to see it again. A release takes nothing over.
pub fn record(ctx: &ScanContext<'_>) -> Result<Record, ScanError> {
    let (context, began) = (ctx.context(), ctx.shared.began);
    let may_be_taken_over = |record: &Record| {
        let good = record.tests.is_good() && record.scenarios.is_good();
        record.ended >= began || (good && ctx.shared.options.profile != GateProfile::Release)
    };
    if let Some(record) = record::find(context, began).filter(may_be_taken_over) {
        return Ok(record);
    }
    let command = config::command(context, &tests(ctx)?.command, &[]);
    let output = ctx.run(&command, "test")?;
    record::find(context, harness::clock::now())
        .filter(|record| record.ended >= began)
        .ok_or_else(|| output.failed("the tests left no record of this tree"))
}

/// The section `[tests]`.
pub fn tests<'a>(ctx: &ScanContext<'a>) -> Result<&'a Tests, ScanError> {
    config::needed(ctx.config().tests.as_ref(), "tests")
}

/// What a part comes to: a finding for each case that failed. Its programs' own counts must agree with the cases.
pub fn seen(part: &Part, tool: &str, of: &str, least: u64) -> ScanOutcome {
    let count = |outcome: &str| part.cases.iter().filter(|case| case.outcome == outcome).count() as u64;
    let named = (count("passed"), count("failed"), count("skipped"));
    let told = (part.counts.passed, part.counts.failed, part.counts.skipped);
    if named != told && part.problems.is_empty() {
        return Err(ScanError::ToolFailed(format!(
            "{} passed, {} failed, {} skipped by name, but it counts {}",
            named.0, named.1, named.2, part.counts
        )));
    }
    let failed = part.cases.iter().filter(|case| case.outcome == "failed");
    let problem = |what: &String| Finding::new(tool, "problem", what).rated(Severity::High);
    let mut limits = Vec::new();
    if told.2 > 0 {
        limits.push(format!("{} {of} were left out", told.2));
    }
    let seen = ScanResult {
        findings: failed
            .map(|case| finding(case, tool))
            .chain(part.problems.iter().map(problem))
            .collect(),
        tests: part.cases.iter().map(test).collect(),
        limits,
        ..ScanResult::default()
    };
    Ok(seen.with_work(told.0 + told.1, of, least))
}

/// The rule is the case's name, so that two that fail are two findings.
fn finding(case: &Case, tool: &str) -> Finding {
    let finding = Finding::new(tool, &case.name, "failed").rated(Severity::High);
    match &case.path {
        Some(path) => finding.at(path, case.line),
        None => finding,
    }
}

fn test(case: &Case) -> Test {
    Test {
        name: case.name.clone(),
        outcome: case.outcome.clone(),
        tags: case.tags.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::test_results::counts::Counts;

    fn part(outcomes: &[&str], passed: u64, failed: u64) -> Part {
        let case = |(place, outcome): (usize, &&str)| Case {
            name: format!("it::case_{place}"),
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
        let seen = seen(&failing, "cargo-test", "tests", 1).unwrap();
        let rules: Vec<&str> = seen
            .findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        assert_eq!(rules, ["it::case_1", "it::case_2", "problem"]);
        assert_eq!((seen.work[0].count, seen.tests.len()), (3, 3));
        assert_ne!(seen.findings[0].fingerprint(), seen.findings[1].fingerprint());
    }

    #[test]
    fn counts_that_do_not_agree_with_the_names_broke() {
        let why = seen(&part(&["passed"], 2, 0), "cargo-test", "tests", 1).unwrap_err();
        assert!(
            why.to_string().contains("1 passed, 0 failed, 0 skipped by name"),
            "{why}"
        );
    }
}
