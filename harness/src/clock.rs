//! The wall clock. No other file of the harness reads it; decisions take the time as an argument.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Now, to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "the one file of the harness that reads the wall clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}
