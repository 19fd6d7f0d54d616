//! Sessions and counts that are of no use to anybody any more.
use super::{Sessions, StorageError};
use crate::db::{PgConnection, sessions, throttles};
use crate::domain::throttles::KNOWN_NETWORK_TTL;
use crate::domain::throttles::rule::COUNTER_TTL;

/// Rows that are deleted at a time: others wait for what is deleted no longer than that takes.
const MOST: i64 = 1000;

impl Sessions {
    /// Deletes sessions that were over before any network is forgotten that they made known, with their refresh tokens,
    /// and counts that are forgotten.
    pub async fn delete_expired(&self) -> Result<(), StorageError> {
        let age = COUNTER_TTL.to_std().unwrap_or_default();
        let most = usize::try_from(MOST).unwrap_or_default();
        let counts = move |conn: &mut PgConnection| throttles::delete_old(conn, age, MOST);
        while self.0.db.tx("delete_old_counts", counts).await? >= most {}
        let over = |conn: &mut PgConnection| sessions::delete_old(conn, KNOWN_NETWORK_TTL, MOST);
        while self.0.db.tx("delete_old_sessions", over).await? >= most {}
        Ok(())
    }
}
