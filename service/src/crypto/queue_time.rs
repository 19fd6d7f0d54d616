//! Estimates the time per job, and from it when a full queue will have capacity again, for the `Retry-After` header.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper limit of the suggested wait, jitter included.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Exponentially weighted moving average of the time per job, in microseconds; 0 before the first job.
#[derive(Debug, Default)]
pub struct QueueTimeEstimate(AtomicU64);

impl QueueTimeEstimate {
    /// Adds one job's duration, including the back-off that followed it. The newest sample weighs one quarter.
    pub fn record(&self, duration: Duration) {
        let sample = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let next = |average: u64| match average {
            0 => sample,
            average => average - average / 4 + sample / 4,
        };
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |average| {
                Some(next(average))
            });
    }

    /// When a client should retry if `ahead` jobs are queued for `workers` threads. Random jitter of up to the same
    /// time again keeps rejected clients from retrying in one burst.
    pub fn retry_after(&self, ahead: usize, workers: usize) -> Duration {
        let per_job = Duration::from_micros(self.0.load(Ordering::Relaxed));
        let rounds = u32::try_from(ahead.div_ceil(workers.max(1))).unwrap_or(u32::MAX);
        with_jitter(
            per_job.saturating_mul(rounds).min(MAX_RETRY_AFTER / 2),
            rand::random(),
        )
    }
}

/// `fraction` lies between 0 and 1.
fn with_jitter(estimate: Duration, fraction: f64) -> Duration {
    estimate + estimate.mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::{MAX_RETRY_AFTER, QueueTimeEstimate, with_jitter};
    use std::time::Duration;

    const JOB: Duration = Duration::from_millis(40);

    #[test]
    fn recent_jobs_weigh_most() {
        let estimate = QueueTimeEstimate::default();
        estimate.record(JOB);
        for _ in 0..20 {
            estimate.record(JOB / 2);
        }
        let average = Duration::from_micros(estimate.0.into_inner());
        assert!(average.abs_diff(JOB / 2) < JOB / 100, "{average:?}");
    }

    #[test]
    fn the_wait_lies_between_the_estimate_and_twice_the_estimate() {
        let estimate = QueueTimeEstimate::default();
        assert_eq!(estimate.retry_after(65, 1), Duration::ZERO, "no job has run yet");
        estimate.record(JOB);
        for (ahead, workers, expected) in [(65, 1, JOB * 65), (65, 4, JOB * 17), (0, 0, Duration::ZERO)] {
            let wait = estimate.retry_after(ahead, workers);
            assert!((expected..=expected * 2).contains(&wait), "{ahead}: {wait:?}");
        }
    }

    #[test]
    fn jitter_spreads_retries() {
        assert_eq!(
            [with_jitter(JOB, 0.0), with_jitter(JOB, 0.5)],
            [JOB, JOB + JOB / 2]
        );
    }

    #[test]
    fn the_wait_is_bounded() {
        let estimate = QueueTimeEstimate::default();
        estimate.record(Duration::MAX);
        estimate.record(Duration::MAX);
        assert!(estimate.retry_after(usize::MAX, 1) <= MAX_RETRY_AFTER);
    }
}
