//! Waits until autovacuum has finished with imported data.

use std::time::Duration;

use anyhow::Result;
use stack::psql::Psql;

/// Longest wait after an import.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Waits, and forces a checkpoint: both would compete with the first rounds.
pub fn settle(psql: &Psql) -> Result<()> {
    let mut quiet_seconds = 0;
    psql.context.stop.wait_until(TIMEOUT, || {
        let workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'";
        let is_quiet = psql.run(&[workers])?.trim() == "0";
        quiet_seconds = if is_quiet { quiet_seconds + 1 } else { 0 };
        psql.context
            .stop
            .wait_until(Duration::from_secs(1), || Ok(false))?;
        // A little more than the stack's autovacuum_naptime.
        Ok(quiet_seconds > 7)
    })?;
    psql.run(&["CHECKPOINT"])?;
    Ok(())
}
