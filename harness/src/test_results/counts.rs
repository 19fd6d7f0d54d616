//! How many tests passed and failed, parsed from the closing lines of the test programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sum over many programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Skipped.
    pub skipped: u64,
}

impl Counts {
    /// Adds the counts of a closing line: libtest's `test result: …` or the features' `scenarios: …`.
    pub fn read(&mut self, line: &str) {
        // `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`
        let of_libtest = line
            .strip_prefix("test result: ")
            .and_then(|result| result.split_once(". "));
        let counts = of_libtest
            .map(|(_, counts)| counts)
            .or(line.strip_prefix("scenarios: "));
        for part in counts.unwrap_or_default().split([';', ',']) {
            let Some((count, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" | "skipped" => self.skipped += count,
                _ => {}
            }
        }
    }

    /// Adds another sum.
    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Whether at least one passed and none failed.
    pub fn is_good(&self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(out, ", {} skipped", self.skipped)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_closing_lines() {
        let mut counts = Counts::default();
        assert!(!counts.is_good(), "nothing ran");
        counts.read(
            "test result: ok. 13 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        counts.read("test a::b ... ok");
        counts.read("scenarios: 4 passed, 0 failed, 0 skipped");
        assert_eq!(counts.to_string(), "17 passed, 0 failed, 1 skipped");
        assert!(counts.is_good());
        counts.read(
            "test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
        );
        assert_eq!(counts.to_string(), "17 passed, 2 failed, 1 skipped");
        assert!(!counts.is_good());
    }
}
