//! The version of the data that rates and places are answered from, and how long a version that was read may be taken for the current one.

use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// Identifies a state of the data. Versions have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataVersion(Uuid);

/// How long after a read began its version may be taken for the current one.
pub const LEASE: Duration = Duration::from_millis(200);

/// How long after its commit a change may be announced: by then no replica answers from an earlier version. Longer than [`LEASE`],
/// because clocks run at different rates.
pub const ANNOUNCEMENT_DELAY: Duration = Duration::from_millis(250);

impl DataVersion {
    /// As the database stores it.
    pub fn of(version: Uuid) -> Self {
        Self(version)
    }
}

impl fmt::Display for DataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}
