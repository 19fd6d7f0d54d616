//! Durations as PostgreSQL intervals.

use diesel::pg::data_types::PgInterval;
use std::time::Duration;

/// Converts a duration to a PostgreSQL interval.
pub fn interval(length: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(length.as_micros()).unwrap_or(i64::MAX))
}
