//! Deletes expired sessions and throttle counters.

use super::{Sessions, StorageError};
use crate::db::sessions::{self, known_networks};
use crate::db::{PgConnection, throttles};
use crate::domain::throttles::KNOWN_NETWORK_TTL;
use crate::domain::throttles::rule::COUNTER_TTL;

/// Rows deleted by one statement, so that row locks are held only briefly.
const BATCH_SIZE: i64 = 1000;

impl Sessions {
    /// Deletes expired counters, and sessions that ended longer ago than [`KNOWN_NETWORK_TTL`], with their refresh
    /// tokens. Younger ones are needed to recognise an owner's networks.
    pub async fn delete_expired(&self) -> Result<(), StorageError> {
        let age = COUNTER_TTL.to_std().unwrap_or_default();
        let batch_size = usize::try_from(BATCH_SIZE).unwrap_or_default();
        let counters = move |conn: &mut PgConnection| throttles::delete_expired(conn, age, BATCH_SIZE);
        while self.0.db.tx("delete_old_counters", counters).await? >= batch_size {}
        let ended = |conn: &mut PgConnection| sessions::delete_expired(conn, KNOWN_NETWORK_TTL, BATCH_SIZE);
        while self.0.db.tx("delete_old_sessions", ended).await? >= batch_size {}
        let networks = |conn: &mut PgConnection| known_networks::delete_expired(conn, KNOWN_NETWORK_TTL);
        self.0.db.tx("delete_old_networks", networks).await?;
        Ok(())
    }
}
