//! Counts scenario outcomes for the closing line that other programs parse.

use cucumber::event::ScenarioFinished;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Number of scenarios per outcome.
#[derive(Debug, Default)]
pub struct OutcomeCounter {
    passed: AtomicUsize,
    failed: AtomicUsize,
    skipped: Mutex<BTreeMap<&'static str, usize>>,
}

impl OutcomeCounter {
    /// Counts a finished scenario and returns its outcome. An undefined step fails its scenario.
    pub fn count(&self, end: &ScenarioFinished) -> &'static str {
        let (counter, outcome) = match end {
            ScenarioFinished::StepPassed => (&self.passed, "passed"),
            ScenarioFinished::StepSkipped
            | ScenarioFinished::StepFailed(..)
            | ScenarioFinished::BeforeHookFailed(_) => (&self.failed, "failed"),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    /// Counts feature files that could not be parsed as failures.
    pub fn count_unreadable(&self, files: usize) {
        self.failed.fetch_add(files, Ordering::Relaxed);
    }

    /// Counts a scenario that is skipped because this run lacks a capability.
    pub fn count_skipped(&self, capability: &'static str) {
        *self.lock_skipped().entry(capability).or_default() += 1;
    }

    /// Number of skipped scenarios per missing capability.
    pub fn skipped(&self) -> BTreeMap<&'static str, usize> {
        self.lock_skipped().clone()
    }

    fn lock_skipped(&self) -> MutexGuard<'_, BTreeMap<&'static str, usize>> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether at least one scenario ran and none failed: an empty run is not a success.
    pub fn is_success(&self) -> bool {
        self.passed.load(Ordering::Relaxed) > 0 && self.failed.load(Ordering::Relaxed) == 0
    }
}

impl fmt::Display for OutcomeCounter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (
            self.passed.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        );
        let skipped: usize = self.lock_skipped().values().sum();
        write!(
            out,
            "scenarios: {passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}
