//! Periodic deletion of expired sessions, throttle counters, assertions of machine clients, answers of forms, rate-limit entries and deleted accounts, and
//! reports of repeated rejections.

use crate::domain::accounts::Accounts;
use crate::domain::clients::Clients;
use crate::domain::form_answers::FormAnswers;
use crate::domain::sessions::Sessions;
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::security_events::SecurityEvents;
use std::sync::Arc;
use std::time::Duration;

/// How often the database is cleaned up. Every replica does it; rows locked by one are skipped by the others.
const DATABASE_CLEANUP_MINUTES: u32 = 10;

/// Runs until it is aborted.
pub async fn run(
    rate_limit: Arc<RateLimit>,
    security_events: Arc<SecurityEvents>,
    sessions: Sessions,
    clients: Clients,
    accounts: Accounts,
    form_answers: FormAnswers,
) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    for number in (0..DATABASE_CLEANUP_MINUTES).cycle() {
        minute.tick().await;
        rate_limit.evict_idle();
        security_events.report_repeats();
        // Every minute: they are large, and their number is limited.
        if let Err(error) = form_answers.delete_expired().await {
            tracing::warn!(%error, "cannot delete expired answers of forms, will retry");
        }
        if number != 0 {
            continue;
        }
        if let Err(error) = sessions.delete_expired().await {
            tracing::warn!(%error, "cannot delete expired sessions, will retry");
        }
        if let Err(error) = clients.delete_expired().await {
            tracing::warn!(%error, "cannot delete expired assertions, will retry");
        }
        match accounts.purge_deleted().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted accounts purged"),
            Err(error) => tracing::warn!(%error, "cannot purge deleted accounts, will retry"),
        }
    }
}
