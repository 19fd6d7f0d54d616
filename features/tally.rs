//! Counts how scenarios end, for the one line that other programs read; never decides what a good end is.

use cucumber::event::ScenarioFinished;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many scenarios ended how.
#[derive(Debug, Default)]
pub struct Tally {
    passed: AtomicUsize,
    failed: AtomicUsize,
    left_out: Mutex<BTreeMap<&'static str, usize>>,
}

impl Tally {
    /// Counts one more, and answers its outcome in a word. A step that nobody defined fails its scenario: left out is not
    /// passed.
    pub fn count(&self, end: &ScenarioFinished) -> &'static str {
        let (which, outcome) = match end {
            ScenarioFinished::StepPassed => (&self.passed, "passed"),
            ScenarioFinished::StepSkipped
            | ScenarioFinished::StepFailed(..)
            | ScenarioFinished::BeforeHookFailed(_) => (&self.failed, "failed"),
        };
        which.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    /// Counts files that could not be read: nobody knows how many scenarios are in them.
    pub fn unreadable(&self, files: usize) {
        self.failed.fetch_add(files, Ordering::Relaxed);
    }

    /// Counts one that could not be asked for want of something: left out is not passed, and not failed either.
    pub fn leave_out(&self, what: &'static str) {
        *self.lacks().entry(what).or_default() += 1;
    }

    /// How many were left out, by what they need.
    pub fn left_out(&self) -> BTreeMap<&'static str, usize> {
        self.lacks().clone()
    }

    fn lacks(&self) -> MutexGuard<'_, BTreeMap<&'static str, usize>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
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
        let skipped: usize = self.lacks().values().sum();
        write!(
            out,
            "scenarios: {passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}
