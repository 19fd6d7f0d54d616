//! Counts how scenarios end, for the one line that other programs read; never decides what a good end is.

use cucumber::event::ScenarioFinished;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many scenarios ended how.
#[derive(Debug, Default)]
pub struct Tally {
    passed: AtomicUsize,
    failed: AtomicUsize,
}

impl Tally {
    /// Counts one more. A step that nobody defined fails its scenario: left out is not passed.
    pub fn count(&self, end: &ScenarioFinished) {
        let which = match end {
            ScenarioFinished::StepPassed => &self.passed,
            ScenarioFinished::StepSkipped
            | ScenarioFinished::StepFailed(..)
            | ScenarioFinished::BeforeHookFailed(_) => &self.failed,
        };
        which.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts files that could not be read: nobody knows how many scenarios are in them.
    pub fn unreadable(&self, files: usize) {
        self.failed.fetch_add(files, Ordering::Relaxed);
    }

    /// Did anything run, and did all of it pass? A run of nothing proves nothing.
    pub fn is_good(&self) -> bool {
        self.passed.load(Ordering::Relaxed) > 0 && self.failed.load(Ordering::Relaxed) == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (
            self.passed.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        );
        write!(out, "scenarios: {passed} passed, {failed} failed, 0 skipped")
    }
}
