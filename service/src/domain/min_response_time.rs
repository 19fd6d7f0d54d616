//! Answers that take the same time whatever they found: whoever measures must not learn who has an account.
use std::time::{Duration, Instant};

/// Longer than anything that hides behind it takes on a machine that is not overloaded; there, what is compared costs
/// nearly the same anyway.
const MIN_RESPONSE_TIME: Duration = Duration::from_millis(250);

/// Does the work, and answers no sooner than after [`MIN_RESPONSE_TIME`].
pub async fn with_min_response_time<T>(work: impl Future<Output = T>) -> T {
    with_min_response_time_if(work, |_| true).await
}

/// Does the work, and answers this kind of outcome no sooner than after [`MIN_RESPONSE_TIME`].
pub async fn with_min_response_time_if<T>(
    work: impl Future<Output = T>,
    is_hidden: impl FnOnce(&T) -> bool,
) -> T {
    let begun = Instant::now();
    let outcome = work.await;
    if is_hidden(&outcome) {
        tokio::time::sleep_until((begun + MIN_RESPONSE_TIME).into()).await;
    }
    outcome
}
