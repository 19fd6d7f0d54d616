//! Records when prices were last imported: imports are commands of their own, whose metrics no collector scrapes.

use crate::domain::rates::Rates;
use crate::telemetry::metrics::Metrics;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(60);

/// Runs until it is aborted.
pub async fn run(rates: Rates, metrics: Metrics) {
    let mut minute = tokio::time::interval(INTERVAL);
    loop {
        minute.tick().await;
        match rates.find_last_import().await {
            Ok(Some(time)) => metrics.last_import(time.timestamp()),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "cannot read when prices were last imported, will retry"),
        }
    }
}
