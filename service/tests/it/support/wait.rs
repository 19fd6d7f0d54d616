//! Waiting for a condition.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until a condition holds; returns the time that took. Panics after 20 seconds.
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) -> Duration {
    wait_until_within(Duration::from_secs(20), what, holds)
}

/// Waits until a condition holds; returns the time that took. Panics after `timeout`.
pub fn wait_until_within(timeout: Duration, what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < timeout, "timed out: {what}");
        sleep(Duration::from_millis(20));
    }
    start.elapsed()
}
