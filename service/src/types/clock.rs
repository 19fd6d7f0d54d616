//! The wall clock. Durations are measured with `Instant`, never with this clock.

use chrono::{DateTime, Utc};

/// The current time in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one file that reads the wall clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
