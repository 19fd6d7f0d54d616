//! Which version of the data is current. A replica may take a version for the current one for [`LEASE`] after it began to read it, and a
//! change is announced [`ANNOUNCEMENT_DELAY`] after its commit: no replica answers from an earlier version then, whether or not it can still
//! reach the database. Reading again and again instead of LISTEN: a notification that does not arrive cannot be noticed.

/// The thread that reads the version.
pub mod watcher;

use crate::db::{self, Db};
use crate::types::data_version::{ANNOUNCEMENT_DELAY, DataVersion, LEASE};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The version that a replica may take for the current one. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct VersionLease(Arc<RwLock<Option<Observed>>>);

/// What was read last.
#[derive(Clone, Copy, Debug)]
struct Observed {
    version: DataVersion,
    /// When a read first returned this version.
    first_read: Instant,
    /// When the last read began that succeeded.
    last_begun: Instant,
    /// Whether a later one has failed.
    has_ended: bool,
}

impl VersionLease {
    /// The current version. `None`: unknown, because the last read began too long ago.
    pub fn current(&self) -> Option<DataVersion> {
        let observed = self.observed()?;
        let is_current = !observed.has_ended && observed.last_begun.elapsed() < LEASE;
        is_current.then_some(observed.version)
    }

    /// Time since the last successful read began.
    pub fn age(&self) -> Option<Duration> {
        self.observed().map(|observed| observed.last_begun.elapsed())
    }

    /// A read that began at this time has returned this version.
    fn renew(&self, version: DataVersion, begun: Instant) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = state.filter(|observed| observed.version == version);
        *state = Some(Observed {
            version,
            first_read: known.map_or_else(Instant::now, |observed| observed.first_read),
            last_begun: begun,
            has_ended: false,
        });
    }

    /// A read has failed: the database is probably not available.
    fn end(&self) {
        if let Some(observed) = &mut *self.0.write().unwrap_or_else(PoisonError::into_inner) {
            observed.has_ended = true;
        }
    }

    /// Waits until no replica answers from a version before the one that the database has now. `db` reads the version.
    pub async fn await_visibility(&self, db: &Db) {
        // If it cannot be read, waiting is right in any case.
        let version = db::data_version::get(db).await.ok();
        let observed = self
            .observed()
            .filter(|observed| Some(observed.version) == version);
        let elapsed = observed.map_or(Duration::ZERO, |observed| observed.first_read.elapsed());
        tokio::time::sleep(ANNOUNCEMENT_DELAY.saturating_sub(elapsed)).await;
    }

    fn observed(&self) -> Option<Observed> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a change that was committed just now may be announced. Blocks the thread.
pub fn await_announcement() {
    std::thread::sleep(ANNOUNCEMENT_DELAY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_version_is_current_for_the_lease_after_its_read_began() {
        let lease = VersionLease::default();
        assert_eq!(lease.current(), None);
        let (first, second) = (DataVersion::of(Uuid::new_v4()), DataVersion::of(Uuid::new_v4()));
        let now = Instant::now();
        lease.renew(first, now.checked_sub(LEASE).unwrap());
        assert_eq!(lease.current(), None, "the read took too long");
        let begun = Instant::now();
        lease.renew(first, begun);
        assert!(lease.current() == Some(first) || begun.elapsed() >= LEASE);
        lease.renew(second, Instant::now().checked_sub(LEASE / 2).unwrap());
        assert_ne!(lease.current(), Some(first));
        std::thread::sleep(LEASE / 2);
        assert_eq!(lease.current(), None);
        lease.renew(second, Instant::now());
        lease.end();
        assert_eq!(lease.current(), None, "the next read failed");
        assert!(lease.age().is_some());
    }
}
