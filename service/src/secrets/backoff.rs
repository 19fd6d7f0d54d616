//! When to retry a call to a server that issues secrets: exponential back-off with full jitter, so that replicas that failed
//! together do not retry together.

use rand::Rng;
use std::time::Duration;

/// The delay is never shorter, so that a loop of retries cannot spin.
const MIN_DELAY: Duration = Duration::from_millis(20);

/// Delays after consecutive failures.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// The first delay is at most `base`; the maximum doubles with each failure, up to `max`.
    pub const fn new(base: Duration, max: Duration) -> Self {
        Self {
            base,
            max,
            failures: 0,
        }
    }

    /// Counts a failure; returns the delay before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.max_delay().mul_f64(rand::rng().random());
        self.failures = self.failures.saturating_add(1);
        delay.max(MIN_DELAY)
    }

    /// The delay after this many consecutive failures, for a caller that counts them itself.
    pub fn delay_after(&self, failures: u32) -> Duration {
        let mut counted = Self {
            failures: failures.saturating_sub(1),
            ..self.clone()
        };
        counted.next_delay()
    }

    /// Counts a success: delays start at the beginning.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The maximum of the next delay.
    fn max_delay(&self) -> Duration {
        let factor = 1u32 << self.failures.min(20);
        self.base.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        for max in [100, 200, 400, 800, 1600, 2000, 2000] {
            assert_eq!(backoff.max_delay(), Duration::from_millis(max));
            let delay = backoff.next_delay();
            assert!(
                delay >= MIN_DELAY && delay <= Duration::from_millis(max),
                "{delay:?}"
            );
        }
        backoff.reset();
        assert_eq!(backoff.max_delay(), Duration::from_millis(100));
    }

    #[test]
    fn clients_that_failed_together_do_not_retry_together() {
        let delays =
            (0..32).map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).next_delay());
        let delays: std::collections::BTreeSet<_> = delays.collect();
        assert!(delays.len() > 16, "{delays:?}");
    }
}
