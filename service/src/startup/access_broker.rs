//! The broker of people's database logins: its operations, and the worker that issues, rotates and revokes.

use super::keys::Keys;
use super::logins::Logins;
use super::vault::VaultClients;
use crate::config::Settings;
use crate::db::DbError;
use crate::domain::access::{Access, Parts};
use crate::telemetry::metrics::Metrics;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

/// How often the worker looks for logins that are due, besides when a decision wakes it.
const INTERVAL: Duration = Duration::from_secs(2);

/// How often old failed attempts to issue a login are deleted.
const PURGE_INTERVAL: Duration = Duration::from_secs(3600);

/// The operations. `None`: requests for access are disabled.
pub fn access(
    settings: &Settings,
    vault: &VaultClients,
    logins: &Logins,
    keys: &Keys,
    metrics: &Metrics,
) -> Option<Access> {
    let (settings, vault) = (settings.access.as_ref()?, vault.broker.clone()?);
    Some(Access::new(Parts {
        db: logins.accounts.clone(),
        data_keys: keys.data.clone(),
        vault,
        token_role: settings.token_role.clone(),
        metrics: metrics.clone(),
        work: watch::Sender::new(()),
    }))
}

/// Works until it is aborted.
pub async fn run(access: Access) -> Infallible {
    let (never, ..) = tokio::join!(
        repeat(&access, || access.end_over()),
        repeat(&access, || access.revoke_ended()),
        repeat(&access, || access.issue_due()),
        purge(&access),
    );
    never
}

/// Deletes failed attempts to issue a login, some time later.
async fn purge(access: &Access) -> Infallible {
    let mut ticks = tokio::time::interval(PURGE_INTERVAL);
    loop {
        ticks.tick().await;
        match access.purge_failed().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old failed attempts to issue a login deleted"),
            Err(error) => {
                tracing::warn!(%error, "cannot delete failed attempts to issue a login, will retry")
            }
        }
    }
}

/// Works in rounds, at intervals and when there is something to do. A slow round delays those of its kind only.
async fn repeat<F>(access: &Access, round: impl Fn() -> F) -> Infallible
where
    F: Future<Output = Result<(), DbError>>,
{
    let mut work = access.subscribe();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = work.changed() => {}
        }
        // The database's errors are logged where they occur.
        let _ = round().await;
    }
}
