//! The server's clock: the wall clock and an offset that the control interface changes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The time that leases, tokens and quotas are measured with.
#[derive(Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
    /// When it was stopped; it then moves only when it is advanced.
    stopped: Mutex<Option<DateTime<Utc>>>,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let stopped = *self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.unwrap_or_else(wall_clock) + TimeDelta::milliseconds(self.offset_ms())
    }

    /// Stops it, so that a test does not depend on the speed of the machine.
    pub(crate) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(wall_clock());
    }

    /// By how much it was moved.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock forward, or backward when negative.
    pub(crate) fn advance(&self, milliseconds: i64) {
        self.offset_ms.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

/// The time of the machine, which PostgreSQL compares `VALID UNTIL` with.
#[expect(
    clippy::disallowed_methods,
    reason = "the one file of this crate that reads the wall clock"
)]
pub(crate) fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}

/// `2026-01-02T03:04:05.6789Z`: Go's `RFC3339Nano`, without zeros at the end of the fraction.
pub(crate) fn nanoseconds(time: DateTime<Utc>) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let short = text
        .trim_end_matches('Z')
        .trim_end_matches('0')
        .trim_end_matches('.');
    format!("{short}Z")
}

/// `2026-01-02T03:04:05Z`.
pub(crate) fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_has_no_zeros_at_its_end() {
        let at = |nanos| DateTime::from_timestamp(1_700_000_000, nanos).unwrap();
        assert_eq!(nanoseconds(at(120_000_000)), "2023-11-14T22:13:20.12Z");
        assert_eq!(nanoseconds(at(0)), "2023-11-14T22:13:20Z");
        assert_eq!(seconds(at(5)), "2023-11-14T22:13:20Z");
    }
}
