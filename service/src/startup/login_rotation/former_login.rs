//! Ends credentials that were replaced or could not be used: after their last connection is closed, their lease is revoked.

use super::context::RotationContext;
use crate::db::pool::Draining;
use crate::secrets::backoff::Backoff;
use crate::secrets::vault::Lease;
use std::time::{Duration, Instant};

/// After this time, connections that are still in use are logged. Longer than statements and idle transactions may take.
const EXPECTED_DRAIN: Duration = Duration::from_secs(30);

/// Waits until the last connection is closed, then revokes the lease. A lease that cannot be revoked ends by itself, because
/// it is not extended any more.
pub async fn end(
    context: RotationContext,
    login: &'static str,
    draining: Option<Draining>,
    lease: Option<Lease>,
) {
    if let Some(draining) = draining {
        wait(login, draining).await;
    }
    if let Some(lease) = lease {
        revoke(&context, login, &lease).await;
    }
}

async fn wait(login: &'static str, draining: Draining) {
    let started = Instant::now();
    let finished = draining.finished();
    tokio::pin!(finished);
    if tokio::time::timeout(EXPECTED_DRAIN, &mut finished).await.is_err() {
        tracing::warn!(login, "connections with the former credentials are still in use");
        finished.await;
    }
    let elapsed = started.elapsed().as_secs_f64();
    tracing::info!(
        login,
        seconds = elapsed,
        "the last connection with the former credentials is closed"
    );
}

/// Revokes a lease, again and again until that succeeds or the lease is over.
pub async fn revoke(context: &RotationContext, login: &'static str, lease: &Lease) {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
    loop {
        match context.issuer.revoke(lease).await {
            Ok(()) => {
                tracing::info!(login, "former credentials revoked");
                return;
            }
            Err(error) => {
                context.metrics.login_failed(login, "revoke");
                if lease.remaining().is_zero() {
                    tracing::warn!(login, %error, "former credentials cannot be revoked; their lease is over");
                    return;
                }
                tracing::warn!(login, %error, "former credentials cannot be revoked yet");
            }
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}
