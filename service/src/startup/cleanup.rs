//! What is swept away from time to time: counts and sessions that are of no use to anybody any more.
use crate::domain::sessions::Sessions;
use crate::http::edge::rate_limit::RateLimit;
use std::sync::Arc;
use std::time::Duration;

/// How often the database is swept. Each replica does; what one holds the others pass over.
const DATABASE_CLEANUP_MINUTES: u32 = 10;

/// Never ends; to be aborted.
pub async fn run(rate_limit: Arc<RateLimit>, sessions: Sessions) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    for number in (0..DATABASE_CLEANUP_MINUTES).cycle() {
        minute.tick().await;
        rate_limit.evict_idle();
        if number == 0
            && let Err(error) = sessions.delete_expired().await
        {
            tracing::warn!(%error, "old sessions stay a while longer");
        }
    }
}
