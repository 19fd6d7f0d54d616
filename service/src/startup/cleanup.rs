//! Periodic deletion of expired sessions, throttle counters and rate-limit entries.

use crate::domain::sessions::Sessions;
use crate::http::edge::rate_limit::RateLimit;
use std::sync::Arc;
use std::time::Duration;

/// How often the database is cleaned up. Every replica does it; rows locked by one are skipped by the others.
const DATABASE_CLEANUP_MINUTES: u32 = 10;

/// Runs until it is aborted.
pub async fn run(rate_limit: Arc<RateLimit>, sessions: Sessions) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    for number in (0..DATABASE_CLEANUP_MINUTES).cycle() {
        minute.tick().await;
        rate_limit.evict_idle();
        if number == 0
            && let Err(error) = sessions.delete_expired().await
        {
            tracing::warn!(%error, "cannot delete expired sessions, will retry");
        }
    }
}
