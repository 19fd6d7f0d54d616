//! Names and outcomes of tests, parsed from what cargo and libtest print for humans: libtest's JSON needs a nightly compiler,
//! and cargo-nextest's JUnit report would have to be installed before the first `cargo xtask test`.

use crate::test_results::record::{Case, Part};

/// Cargo's arguments for every test. The gate uses the same ones for a test that fails on purpose.
pub const CARGO_TEST: [&str; 4] = ["test", "--locked", "--workspace", "--no-fail-fast"];

/// Parses line by line.
#[derive(Debug, Default)]
pub struct Reader {
    program: Option<String>,
    /// Counts and tests so far.
    pub tests: Part,
}

impl Reader {
    /// Parses a line: cargo's `Running …`, libtest's `test NAME ... OUTCOME` and its closing lines.
    pub fn read(&mut self, line: &str) {
        self.tests.counts.read(line);
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
            self.tests.cases.push(Case {
                name: program.chain([name.to_owned()]).collect(),
                outcome: outcome.to_owned(),
                ..Case::default()
            });
        }
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
