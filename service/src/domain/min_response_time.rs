//! A minimum response time, so that the duration of a response does not reveal whether an account exists.

use std::time::{Duration, Instant};

/// Longer than the hidden work takes unless the machine is overloaded; then the compared paths cost nearly the same
/// anyway.
const MIN_RESPONSE_TIME: Duration = Duration::from_millis(250);

/// Runs the work and returns no sooner than after [`MIN_RESPONSE_TIME`].
pub async fn with_min_response_time<T>(work: impl Future<Output = T>) -> T {
    with_min_response_time_if(work, |_| true).await
}

/// Runs the work and delays its outcome to [`MIN_RESPONSE_TIME`] if the predicate holds.
pub async fn with_min_response_time_if<T>(
    work: impl Future<Output = T>,
    is_delayed: impl FnOnce(&T) -> bool,
) -> T {
    let started = Instant::now();
    let outcome = work.await;
    if is_delayed(&outcome) {
        tokio::time::sleep_until((started + MIN_RESPONSE_TIME).into()).await;
    }
    outcome
}
