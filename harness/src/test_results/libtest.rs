//! Names and outcomes of tests, parsed from what cargo and libtest print for humans: libtest's JSON needs a nightly compiler,
//! and cargo-nextest's JUnit report would have to be installed before the first `cargo xtask test`. A test that finds out at run time
//! that it lacks something prints the line of an ignored test itself, and then passes for libtest.

use std::collections::{BTreeMap, BTreeSet};

use crate::test_results::record::{Case, Part};

/// Cargo's arguments for every test. The gate uses the same ones for a test that fails on purpose.
pub const CARGO_TEST: [&str; 4] = ["test", "--locked", "--workspace", "--no-fail-fast"];

/// What a test prints behind its name when it reports itself as ignored ([`crate::test_results::ignored`]), before the reason.
pub(crate) const IGNORED_AT_RUN_TIME: &str = " ... ignored at run time, ";

/// Parses line by line.
#[derive(Debug, Default)]
pub struct Reader {
    program: Option<String>,
    /// Counts and tests so far.
    pub tests: Part,
    /// Tests of the running program that reported themselves as ignored.
    ignored: BTreeSet<String>,
    /// How many tests did, by reason.
    reasons: BTreeMap<String, u64>,
}

impl Reader {
    /// Parses a line: cargo's `Running …`, libtest's `test NAME ... OUTCOME` and its closing lines.
    pub fn read(&mut self, line: &str) {
        self.tests.counts.read(line);
        if line.starts_with("test result: ") {
            // libtest counts them as passed.
            let ignored = std::mem::take(&mut self.ignored).len() as u64;
            let counts = &mut self.tests.counts;
            counts.passed = counts.passed.saturating_sub(ignored);
            counts.skipped += ignored;
        }
        let trimmed = line.trim_start();
        if let Some(rest) = trimmed.strip_prefix("Running ") {
            // `Running unittests src/main.rs (target/debug/deps/xtask-0123456789abcdef)`
            self.program = rest
                .rsplit_once('(')
                .and_then(|(_, file)| program(file.trim_end_matches(')')));
        } else if let Some(name) = trimmed.strip_prefix("Doc-tests ") {
            self.program = Some(name.trim_end().to_owned());
        } else if let Some((name, outcome)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
            && let Some(outcome) = outcome_of(outcome)
        {
            let name = name.trim_end_matches(" - should panic");
            let program = self.program.iter().map(|program| format!("{program}::"));
            let name: String = program.chain([name.to_owned()]).collect();
            if self.ignored.contains(&name) {
                return;
            }
            if let Some((_, reason)) = line.split_once(IGNORED_AT_RUN_TIME) {
                self.ignored.insert(name.clone());
                *self.reasons.entry(reason.to_owned()).or_default() += 1;
            }
            self.tests.cases.push(Case {
                name,
                outcome: outcome.to_owned(),
                ..Case::default()
            });
        }
    }

    /// What tests lack that reported themselves as ignored.
    pub fn not_run(&self) -> Vec<String> {
        let lines = self.reasons.iter();
        lines
            .map(|(reason, count)| format!("{count} tests: {reason}"))
            .collect()
    }
}

/// The name of a file without its folder and its hash.
fn program(file: &str) -> Option<String> {
    let name = file.rsplit('/').next()?;
    let name = name.rsplit_once('-').map_or(name, |(name, _hash)| name);
    Some(name.to_owned())
}

fn outcome_of(word: &str) -> Option<&'static str> {
    match word.split([',', ' ']).next()? {
        "ok" => Some("passed"),
        "FAILED" => Some("failed"),
        "ignored" => Some("skipped"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_reports_itself_as_ignored_did_not_run() {
        let mut reader = Reader::default();
        for line in [
            "     Running tests/it/main.rs (target/debug/deps/it-0f1e2d3c4b5a6978)",
            "test a::b ... ignored at run time, pgaudit is not installed",
            "test a::c ... ok",
            "test a::b ... ok",
            "test a::d ... ignored, needs a server",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0s",
        ] {
            reader.read(line);
        }
        assert_eq!(reader.tests.counts.to_string(), "1 passed, 0 failed, 2 skipped");
        let outcomes: Vec<&str> = reader
            .tests
            .cases
            .iter()
            .map(|case| case.outcome.as_str())
            .collect();
        assert_eq!(outcomes, ["skipped", "passed", "skipped"]);
        assert_eq!(reader.not_run(), ["1 tests: pgaudit is not installed"]);
    }

    #[test]
    fn tests_are_named_with_their_program_and_outcome() {
        let mut reader = Reader::default();
        for line in [
            "     Running unittests src/main.rs (target/debug/deps/xtask-0f1e2d3c4b5a6978)",
            "running 3 tests",
            "test a::b ... ok",
            "test a::c - should panic ... FAILED",
            "test slow has been running for over 60 seconds",
            "   Doc-tests private_postgres",
            "test src/lib.rs - start (line 3) ... ignored, needs a server",
            "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0s",
        ] {
            reader.read(line);
        }
        let read: Vec<(&str, &str)> = reader
            .tests
            .cases
            .iter()
            .map(|case| (case.name.as_str(), case.outcome.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("xtask::a::b", "passed"),
                ("xtask::a::c", "failed"),
                ("private_postgres::src/lib.rs - start (line 3)", "skipped"),
            ]
        );
    }
}
